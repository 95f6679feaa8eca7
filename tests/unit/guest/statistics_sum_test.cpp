#include "guest/workloads/statistics_sum.h"

#include <gtest/gtest.h>

#include <memory>

namespace {

using abi::Statistics;
using guest::workloads::add_difference;

struct Pages {
    std::unique_ptr<Statistics> sum = std::make_unique<Statistics>();
    std::unique_ptr<Statistics> before = std::make_unique<Statistics>();
    std::unique_ptr<Statistics> after = std::make_unique<Statistics>();

    void add() { add_difference(*sum, *before, *after); }
};

TEST(GuestStatisticsSum, CountersAreAdded) {
    Pages pages;
    pages.before->exits = 10;
    pages.after->exits = 13;
    pages.after->kicks_received = 2;
    pages.add();
    pages.add();
    EXPECT_EQ(pages.sum->exits, 6U);
    EXPECT_EQ(pages.sum->kicks_received, 4U);
}

TEST(GuestStatisticsSum, LevelsAreTheHighest) {
    Pages pages;
    pages.before->shadow_limit = 50;
    pages.after->shadow_limit = 50;
    pages.after->shadow_in_use = 7;
    pages.add();
    pages.after->shadow_in_use = 3;
    pages.add();
    EXPECT_EQ(pages.sum->shadow_limit, 50U);
    EXPECT_EQ(pages.sum->shadow_in_use, 7U);
}

TEST(GuestStatisticsSum, KeyedCountsAreAddedByTheirKeys) {
    Pages pages;
    pages.after->msr[0] = {0x10, 0, 5};
    pages.after->msr[1] = {0x20, 0, 1};
    pages.add();
    pages.after->msr[0] = {0x20, 0, 2};
    pages.after->msr[1] = {0x10, 0, 0};
    pages.add();
    EXPECT_EQ(pages.sum->msr[0].key, 0x10U);
    EXPECT_EQ(pages.sum->msr[0].count, 5U);
    EXPECT_EQ(pages.sum->msr[1].key, 0x20U);
    EXPECT_EQ(pages.sum->msr[1].count, 3U);
}

TEST(GuestStatisticsSum, WhatFindsNoPlaceIsCountedWithTheRest) {
    Pages pages;
    for (std::uint32_t i = 0; i < abi::keyed_counts; ++i)
        pages.after->port[i] = {i, 0, 1};
    pages.add();
    for (std::uint32_t i = 0; i < abi::keyed_counts; ++i)
        pages.after->port[i] = {100 + i, 0, 1};
    pages.add();
    EXPECT_EQ(pages.sum->port[0].count, 1U);
    EXPECT_EQ(pages.sum->port[abi::keyed_counts - 1].count, 17U);
}

} // namespace
