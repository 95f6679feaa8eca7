#include "tools/results/table.h"
#include "tools/results/text_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tool {
namespace {

using testing::HasSubstr;
using testing::Not;

const TableContext bochs{.machine = "bochs", .cpu_model = "model", .tick_name = "instructions"};

std::vector<Run> example_runs() {
    return {
        {abi::Profile::bare,
         abi::Interface::native,
         {parse_result("workload=full switches=1000 ticks=19000")},
         {}},
        {abi::Profile::hardened,
         abi::Interface::eager,
         {parse_result("workload=full switches=1000 ticks=2019000 exits=7000 monitor_ticks=2000000 "
                       "vmcs_accesses=42000 flushes=0 drained=0 exit.VMCALL=7000 "
                       "hypercall.SetCR3=1000 hypercall.WriteGDTEntry=3000 hypercall.CLTS=1000 "
                       "hypercall.UpdateKernelStack=1000 hypercall.SetCR0=1000"),
          parse_result("workload=empty-vmcall switches=100 ticks=14000 exits=100 "
                       "monitor_ticks=12000 vmcs_accesses=400 exit.VMCALL=100 "
                       "hypercall.Empty=100")},
         {}},
        {abi::Profile::hardened,
         abi::Interface::lazy,
         {parse_result("workload=full switches=1000 ticks=600000 exits=1000 monitor_ticks=500000 "
                       "vmcs_accesses=12000 flushes=1000 drained=7000 exit.VMCALL=1000 "
                       "hypercall.Flush=1000 entry.SetCR3=7000")},
         {}},
    };
}

TEST(Table, StartsWithTheExitsOfEveryWorkload) {
    EXPECT_THAT(results_table(example_runs(), bochs),
                testing::StartsWith(R"(VM exits per context switch

  workload  hardened
               eager   lazy
  full         7.000  1.000
)"));
}

TEST(Table, SaysWhatAnEmptyVmcallCosts) {
    EXPECT_THAT(
        results_table(example_runs(), bochs),
        HasSubstr("hardened/eager: 140 instructions there and back (20 in the guest, 120 in "
                  "the monitor), 4 VMREADs and VMWRITEs\n"));
}

TEST(Table, HasARowForEveryRun) {
    const std::string table = results_table(example_runs(), bochs);
    EXPECT_THAT(
        table, HasSubstr("  bare      native         -       -        -     19        -      -\n"));
    EXPECT_THAT(table,
                HasSubstr("  hardened  lazy       1.000       1        7    100      500     "
                          "12  VMCALL 1 (Flush 1); drained: SetCR3 7\n"));
    EXPECT_THAT(table, HasSubstr("VMCALL 7 (WriteGDTEntry 3, CLTS 1, SetCR0 1,\n"));
}

TEST(Table, StaysWithin120Columns) {
    std::istringstream lines(results_table(example_runs(), bochs));
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 120U) << line;
}

TEST(Table, OfTheBareMachineAloneHasNoHeadline) {
    auto runs = example_runs();
    runs.resize(1);
    EXPECT_THAT(results_table(runs, bochs), Not(HasSubstr("VM exits per context switch")));
}

TEST(Table, OfKvmSpeaksOfCycles) {
    const std::string table = results_table(
        example_runs(), {.machine = "kvm", .cpu_model = "host", .tick_name = "cycles"});
    EXPECT_THAT(table, HasSubstr("140 cycles there and back"));
    EXPECT_THAT(table, Not(HasSubstr("instructions")));
}

TEST(TextColumns, WrapOnlyTheLastColumn) {
    EXPECT_EQ(format_columns({{"a", Column::Side::right}, {"b", Column::Side::left}},
                             {{"10", "one 1, two 2"}, {"9", "unbreakable"}}, 13),
              "   a  b\n"
              "  10  one 1,\n"
              "      two 2\n"
              "   9  unbreakable\n");
}

} // namespace
} // namespace tool
