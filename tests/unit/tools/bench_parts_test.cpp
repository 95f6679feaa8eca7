#include "tools/commands/bench_plan.h"
#include "tools/host/failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// "PROCESSORS: GUEST'S WORDS" of each part. `cpus` 0: not given.
std::vector<std::string> parts(std::uint32_t cpus, std::string_view workloads,
                               std::string_view guest = "", bool measures_all = false) {
    BenchOptions options;
    options.measures_all = measures_all;
    options.boot.cpus = cpus;
    options.boot.guest = guest;
    options.workloads = workloads;
    std::vector<std::string> texts;
    for (const BenchPart& part : choose_bench_parts(options))
        texts.push_back(fmt::format("{}: {}", part.cpus, fmt::join(part.guest_words, " ")));
    return texts;
}

constexpr std::string_view all_of_several =
    "workload=full,pingpong,address-space,empty-vmcall,shootdown/unmap/1,shootdown/unmap/8,"
    "shootdown/protect/8";

constexpr std::string_view chief =
    "workload=full,pingpong,threads,address-space,empty-vmcall,pagetable/map/512,"
    "pagetable/protect/512,pagetable/fork-exit/1024";

TEST(BenchParts, AreTheChiefWorkloadsOnOneProcessor) {
    EXPECT_THAT(parts(0, ""), ElementsAre(fmt::format("1: switches=1000 {}", chief)));
    EXPECT_THAT(parts(1, ""), ElementsAre(fmt::format("1: switches=1000 {}", chief)));
    EXPECT_THAT(parts(4, ""), ElementsAre(fmt::format("1: switches=1000 {}", chief),
                                          "4: switches=1000 processors=2,4 "
                                          "workload=full,pingpong,address-space,empty-vmcall"));
}

TEST(BenchParts, OfAllAreOneProcessorThenEight) {
    EXPECT_THAT(parts(0, "", "", true),
                ElementsAre("1: switches=1000",
                            fmt::format("8: switches=1000 processors=2,4,8 {}", all_of_several)));
}

TEST(BenchParts, OfOtherNumbersMeasureThePowersOfTwoAndAll) {
    const auto second = [](std::uint32_t cpus) { return parts(cpus, "", "", true).at(1); };
    EXPECT_THAT(second(2), HasSubstr("2: switches=1000 processors=2 workload="));
    EXPECT_THAT(second(3), HasSubstr(" processors=2,3 "));
    EXPECT_THAT(second(4), HasSubstr(" processors=2,4 "));
    EXPECT_THAT(second(6), HasSubstr(" processors=2,4,6 "));
    EXPECT_THAT(second(7), HasSubstr(" processors=2,4,7 "));
    EXPECT_THAT(second(8), HasSubstr(" processors=2,4,8 "));
    EXPECT_THAT(parts(1, "", "", true), ElementsAre("1: switches=1000"));
}

TEST(BenchParts, OfNamedWorkloadsAreSeveralProcessorsWhenAskedFor) {
    EXPECT_THAT(parts(0, "full,pagetable/map/512"),
                ElementsAre("1: switches=1000 workload=full,pagetable/map/512"));
    EXPECT_THAT(parts(4, "full,pagetable/map/512"),
                ElementsAre("1: switches=1000 workload=full,pagetable/map/512",
                            "4: switches=1000 processors=2,4 workload=full"));
    EXPECT_THAT(parts(1, "full"), ElementsAre("1: switches=1000 workload=full"));
}

TEST(BenchParts, OfShootdownsAreSeveralProcessorsInAnyCase) {
    EXPECT_THAT(parts(0, "shootdown/unmap/8"),
                ElementsAre("8: switches=1000 processors=2,4,8 workload=shootdown/unmap/8"));
    EXPECT_THAT(parts(0, "shootdown/unmap/8,full"),
                ElementsAre("1: switches=1000 workload=full",
                            "8: switches=1000 processors=2,4,8 workload=shootdown/unmap/8"));
    EXPECT_THAT(parts(2, "shootdown/unmap/8,full"),
                ElementsAre("1: switches=1000 workload=full",
                            "2: switches=1000 processors=2 workload=shootdown/unmap/8,full"));
}

TEST(BenchParts, OfAnotherGuestAreOneProcessorUnlessAskedFor) {
    EXPECT_THAT(parts(0, "", "my.elf"), ElementsAre("1: switches=1000"));
    EXPECT_EQ(parts(2, "", "my.elf").size(), 2U);
}

std::string refusal(std::uint32_t cpus, std::string_view workloads) {
    try {
        parts(cpus, workloads);
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "none";
}

TEST(BenchParts, SayWhatDoesNotGoTogether) {
    EXPECT_EQ(
        refusal(1, "full,shootdown/unmap/8"),
        "shootdown/unmap/8 needs several processors: give --cpus 2 to 8, or leave --cpus out");
    EXPECT_EQ(refusal(4, "threads"),
              "on several processors there are full, pingpong, address-space, empty-vmcall and "
              "shootdown/...: leave --cpus out to measure threads");
}

} // namespace
} // namespace tool
