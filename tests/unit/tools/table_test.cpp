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

/// Every combination that bench boots, with numbers as wide as they get.
std::vector<Run> page_table_runs() {
    constexpr std::string_view unmonitored =
        "workload=pagetable/write-touch-cr3/4096 operations=4 entries=16384 ticks=163840";
    const std::string costly = "workload=pagetable/write-touch-cr3/4096 operations=4 entries=16384 "
                               "ticks=18841600 exits=32772 monitor_ticks=16384000 "
                               "exit.EXCEPTION_NMI=16384 exit.CR_ACCESS=16388 "
                               "control_register.MOV_TO_CR3=16388 memory.TABLE_WRITE=16384 "
                               "root_loads=4 shadow_built=4 shadow_in_use=17 shadow_limit=512";
    const std::string cheap = std::string(unmonitored) + " exits=0";
    std::vector<Run> runs{
        {abi::Profile::bare, abi::Interface::native, {parse_result(unmonitored)}, {}}};
    for (const abi::Profile profile :
         {abi::Profile::classic, abi::Profile::hardened, abi::Profile::modern})
        for (const abi::Interface interface :
             {abi::Interface::native, abi::Interface::eager, abi::Interface::lazy})
            runs.push_back({profile,
                            interface,
                            {parse_result("workload=full switches=1000 ticks=600000 exits=1000"),
                             parse_result(profile == abi::Profile::modern ? cheap : costly)},
                            {}});
    return runs;
}

TEST(Table, HasTheExitsOfEveryPageTableOperationBehindThoseOfSwitches) {
    EXPECT_THAT(results_table(page_table_runs(), bochs),
                testing::StartsWith(R"(VM exits per context switch

  workload  classic                hardened                modern
             native  eager   lazy    native  eager   lazy  native  eager   lazy
  full        1.000  1.000  1.000     1.000  1.000  1.000   1.000  1.000  1.000

VM exits per page-table operation

  workload                         classic                      hardened)"));
}

TEST(Table, SaysWhatAPageTableOperationAndAnEntryCost) {
    const std::string table = results_table(page_table_runs(), bochs);
    EXPECT_THAT(table, HasSubstr("pagetable/write-touch-cr3/4096: for each of 4 operations of 4096 "
                                 "entries; instructions in guest and monitor\n"));
    EXPECT_THAT(table, HasSubstr("  classic   lazy       8193.000   2.000       0        -     150"
                                 "     1000  CR_ACCESS 4097 (MOV_TO_CR3 4097);\n"));
    EXPECT_THAT(table, HasSubstr("EXCEPTION_NMI 4096 (TABLE_WRITE 4096);\n"));
    EXPECT_THAT(table, HasSubstr("CR3 loads without an exit 1;"));
    EXPECT_THAT(table, HasSubstr("shadow tables:\n"));
    EXPECT_THAT(table, HasSubstr("built 1, in use 17 of 512\n"));
    EXPECT_THAT(table, HasSubstr("  bare      native            -       -       -        -      10"
                                 "        -\n"));
}

TEST(Table, StaysWithin120Columns) {
    std::istringstream lines(results_table(example_runs(), bochs) +
                             results_table(page_table_runs(), bochs));
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

// A guest of another's may call two things the same.
TEST(Table, DoesNotMixUnits) {
    auto runs = page_table_runs();
    runs[1].results.push_back(parse_result("workload=a switches=2 ticks=4 exits=2"));
    runs[2].results.push_back(parse_result("workload=a operations=2 entries=2 ticks=4 exits=2"));
    EXPECT_THAT(results_table(runs, bochs), HasSubstr("a: for each of 2 switches;"));
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
