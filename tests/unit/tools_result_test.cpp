#include "tools/host/failure.h"
#include "tools/results/exit_summary.h"
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
    EXPECT_TRUE(result.has_monitor());
    EXPECT_EQ(result.per_switch(result.counter("exits")), 1.0);
    EXPECT_EQ(result.guest_ticks(), 100000U);
    EXPECT_EQ(result.hypercalls(), 1000U);
    EXPECT_EQ(result.entries_per_flush(), 7.0);
    EXPECT_EQ(result.vmcs_accesses_per_exit(), 12.0);
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

TEST(ResultLine, OfTheWrongFormIsRefused) {
    EXPECT_THROW(parse_result("switches=1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=0 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1x ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=-1 ticks=1"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1 ticks=1 exits=18446744073709551616"), Failure);
    EXPECT_THROW(parse_result("workload=a switches=1 ticks=5 monitor_ticks=6"), Failure);
}

TEST(ExitSummary, NamesReasonsSubReasonsAndDrainedEntries) {
    EXPECT_THAT(exit_summary(parse_result(lazy_line)),
                ElementsAre("VMCALL 1 (Flush 1)", "drained: CLTS 3, WriteGDTEntry 3, SetCR3 1"));
    EXPECT_THAT(exit_summary(parse_result(
                    "workload=a switches=4 ticks=9 exits=14 exit.CR_ACCESS=9 exit.EPT_VIOLATION=4 "
                    "exit.IO_INSTRUCTION=1 control_register.CLTS=8 control_register.MOV_TO_CR0=1 "
                    "memory.GDT_WRITE=4 port.0x70=1")),
                ElementsAre("CR_ACCESS 2.250 (CLTS 2, MOV_TO_CR0 0.250)",
                            "EPT_VIOLATION 1 (GDT_WRITE 1)", "IO_INSTRUCTION 0.250 (0x70 0.250)"));
}

TEST(FormatRate, GivesDecimalsOnlyToFractions) {
    EXPECT_EQ(format_rate(0.0), "0");
    EXPECT_EQ(format_rate(3.0), "3");
    EXPECT_EQ(format_rate(1.0 / 3.0), "0.333");
}

} // namespace
} // namespace tool
