#include "tools/results/exit_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ExitSummary, NamesReasonsSubReasonsAndDrainedEntries) {
    EXPECT_THAT(exit_summary(parse_result(
                    "workload=full switches=1000 ticks=600000 exits=1000 exit.VMCALL=1000 "
                    "hypercall.Flush=1000 entry.SetCR3=1000 entry.WriteGDTEntry=3000 "
                    "entry.CLTS=3000")),
                ElementsAre("VMCALL 1 (Flush 1)", "drained: CLTS 3, WriteGDTEntry 3, SetCR3 1"));
    EXPECT_THAT(exit_summary(parse_result(
                    "workload=a switches=4 ticks=9 exits=14 exit.CR_ACCESS=9 exit.EPT_VIOLATION=4 "
                    "exit.IO_INSTRUCTION=1 control_register.CLTS=8 control_register.MOV_TO_CR0=1 "
                    "memory.GDT_WRITE=4 port.0x70=1")),
                ElementsAre("CR_ACCESS 2.250 (CLTS 2, MOV_TO_CR0 0.250)",
                            "EPT_VIOLATION 1 (GDT_WRITE 1)", "IO_INSTRUCTION 0.250 (0x70 0.250)"));
}

// Without EPT they are page faults, which exit as exceptions.
TEST(ExitSummary, NamesAccessesToMemoryBehindExceptionsOfShadowPaging) {
    EXPECT_THAT(
        exit_summary(parse_result("workload=a switches=1 ticks=9 exits=5 exit.EXCEPTION_NMI=4 "
                                  "exit.CR_ACCESS=1 control_register.MOV_TO_CR3=1 "
                                  "memory.GDT_WRITE=3 memory.SHADOW_FILLED=1")),
        ElementsAre("EXCEPTION_NMI 4 (GDT_WRITE 3, SHADOW_FILLED 1)",
                    "CR_ACCESS 1 (MOV_TO_CR3 1)"));
}

// With EPT an exception ends a stepped store.
TEST(ExitSummary, NamesAccessesToMemoryOnceOnly) {
    EXPECT_THAT(
        exit_summary(parse_result("workload=a switches=1 ticks=9 exits=3 exit.EPT_VIOLATION=2 "
                                  "exit.EXCEPTION_NMI=1 memory.GDT_WRITE=1 "
                                  "memory.STEPPED_WRITE=1")),
        ElementsAre("EPT_VIOLATION 2 (GDT_WRITE 1, STEPPED_WRITE 1)", "EXCEPTION_NMI 1"));
}

TEST(ExitSummary, CountsPerOperation) {
    EXPECT_THAT(exit_summary(parse_result("workload=pagetable/map/512 operations=4 entries=2048 "
                                          "ticks=9 exits=8 exit.VMCALL=8 hypercall.Flush=8 "
                                          "entry.SetPxE=2048")),
                ElementsAre("VMCALL 2 (Flush 2)", "drained: SetPxE 512"));
}

TEST(ShadowSummary, SaysWhatIsNotZero) {
    EXPECT_THAT(shadow_summary(parse_result("workload=a switches=2 ticks=900 exits=1 root_loads=2 "
                                            "shadow_built=8 shadow_rebuilt=4 shadow_reclaimed=2 "
                                            "shadow_ticks=600 shadow_in_use=17 shadow_limit=512"),
                               "instructions"),
                ElementsAre("CR3 loads without an exit 1",
                            "shadow tables: built 4, built again 2, reclaimed 1, filled in 300 "
                            "instructions, in use 17 of 512"));
    EXPECT_THAT(shadow_summary(parse_result("workload=a switches=2 ticks=900 exits=1"), "cycles"),
                IsEmpty());
}

TEST(FormatRate, GivesDecimalsOnlyToFractions) {
    EXPECT_EQ(format_rate(0.0), "0");
    EXPECT_EQ(format_rate(3.0), "3");
    EXPECT_EQ(format_rate(1.0 / 3.0), "0.333");
}

} // namespace
} // namespace tool
