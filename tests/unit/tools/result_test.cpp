#include "tools/host/failure.h"
#include "tools/results/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view lazy_line =
    "workload=full switches=1000 ticks=600000 exits=1000 monitor_ticks=500000 vmcs_accesses=12000 "
    "flushes=1000 drained=7000 refused=0 exit.VMCALL=1000 hypercall.Flush=1000 entry.SetCR3=1000 "
    "entry.WriteGDTEntry=3000 entry.CLTS=3000";

TEST(ResultLine, IsDividedByTheSwitches) {
    const Result result = parse_result(lazy_line);
    EXPECT_EQ(result.workload, "full");
    EXPECT_EQ(result.unit, Unit::switches);
    EXPECT_TRUE(result.has_monitor());
    EXPECT_EQ(result.per_iteration(result.counter("exits")), 1.0);
    EXPECT_EQ(result.guest_ticks(), 100000U);
    EXPECT_EQ(result.cost(result.guest_ticks()), 100.0);
    EXPECT_EQ(result.per_entry(1000), 0.0);
    EXPECT_EQ(result.hypercalls(), 1000U);
    EXPECT_EQ(result.entries_per_flush(), 7.0);
    EXPECT_EQ(result.vmcs_accesses_per_exit(), 12.0);
}

constexpr std::string_view paging_line =
    "workload=pagetable/map/512 operations=4 entries=2048 ticks=300000 exits=8 "
    "monitor_ticks=204800 exit.VMCALL=8 hypercall.Flush=8 flushes=8 drained=4096";

TEST(ResultLine, OfPageTableOperationsIsDividedByThemAndByTheirEntries) {
    const Result result = parse_result(paging_line);
    EXPECT_EQ(result.unit, Unit::operations);
    EXPECT_EQ(result.iterations, 4U);
    EXPECT_EQ(result.entries, 2048U);
    EXPECT_EQ(result.per_iteration(result.counter("exits")), 2.0);
    EXPECT_EQ(result.per_entry(result.counter("exits")), 8.0 / 2048);
    EXPECT_EQ(result.cost(result.counter("monitor_ticks")), 100.0);
}

TEST(ResultLine, ListsNamesByCountThenByName) {
    EXPECT_THAT(parse_result(lazy_line).by_name("entry"),
                ElementsAre(Pair("CLTS", 3000), Pair("WriteGDTEntry", 3000), Pair("SetCR3", 1000)));
    EXPECT_THAT(parse_result(lazy_line).by_name("memory"), IsEmpty());
}

TEST(ResultLine, OfTheBareMachineHasNoMonitor) {
    const Result result = parse_result("workload=full switches=10 ticks=190");
    EXPECT_FALSE(result.has_monitor());
    EXPECT_EQ(result.guest_ticks(), 190U);
    EXPECT_EQ(result.entries_per_flush(), 0.0);
    EXPECT_EQ(result.vmcs_accesses_per_exit(), 0.0);
}

TEST(ResultLine, OfSeveralProcessorsSaysHowMany) {
    EXPECT_EQ(parse_result(lazy_line).cpus, 1U);
    const Result result =
        parse_result("workload=full cpus=4 switches=4000 ticks=600000 exits=4000 exits_min=999 "
                     "exits_max=1001 monitor_ticks=500000 lock_taken=8");
    EXPECT_EQ(result.cpus, 4U);
    EXPECT_EQ(result.per_iteration(result.counter("exits")), 1.0);
    EXPECT_EQ(result.counter("exits_min"), 999U);
    EXPECT_EQ(result.counter("exits_max"), 1001U);
    EXPECT_FALSE(result.counters.contains("cpus"));
    EXPECT_THROW(parse_result("workload=a cpus=0 switches=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a cpus=65 switches=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a cpus=two switches=1 ticks=1"), Failure);
}

// Their processors take turns, and the clock stands still in a turn.
TEST(ResultLine, OfSeveralProcessorsMayHaveACoarseClock) {
    const Result result =
        parse_result("workload=a cpus=2 switches=1 ticks=5 exits=1 monitor_ticks=6");
    EXPECT_EQ(result.guest_ticks(), 0U);
}

TEST(ResultLine, OfTheWrongFormIsRefused) {
    EXPECT_THROW(parse_result("switches=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=0 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1x ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=-1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1 ticks=1 exits=18446744073709551616"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1 ticks=5 monitor_ticks=6"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1 entries=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1 operations=1 entries=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a operations=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a operations=0 entries=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a operations=1 entries=0 ticks=1"), Failure);
}

} // namespace
} // namespace tool
