#include "tools/results/short_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::HasSubstr;
using testing::Not;

const TableContext bochs{.machine = "bochs", .cpu_model = "model", .tick_name = "instructions"};

Run run(abi::Profile profile, abi::Interface interface, const std::vector<std::string>& lines) {
    Run made{profile, interface, {}, {}};
    for (const std::string& line : lines)
        made.results.push_back(parse_result(line));
    return made;
}

std::vector<Run> example_runs() {
    const std::string full = "workload=full switches=1000 ";
    const std::string pages = "workload=pagetable/map/512 operations=4 entries=2048 ";
    return {run(abi::Profile::bare, abi::Interface::native, {full + "ticks=19000"}),
            run(abi::Profile::hardened, abi::Interface::native,
                {full + "ticks=6000000 exits=7000 monitor_ticks=5900000",
                 "workload=threads switches=1000 ticks=100 exits=1000"}),
            run(abi::Profile::hardened, abi::Interface::eager,
                {full + "ticks=2019000 exits=7000", pages + "ticks=4096 exits=2048",
                 "workload=empty-vmcall switches=100 ticks=14000 exits=100"}),
            run(abi::Profile::hardened, abi::Interface::lazy,
                {full + "ticks=600000 exits=1000", pages + "ticks=4096 exits=4"})};
}

TEST(ShortTable, HasExitsThenInstructionsAndASentenceForEach) {
    EXPECT_EQ(short_table(example_runs(), {}, true, bochs), R"(VM exits per context switch

  workload  hardened
              native  eager   lazy
  full         7.000  7.000  1.000
  threads      1.000      -      -

  full on hardened: 7 exits with native, 1 with lazy. One exit drains the whole ring.

VM exits per page-table operation

  workload           hardened
                       native    eager   lazy
  pagetable/map/512         -  512.000  1.000

  pagetable/map/512 on hardened: 512 exits with eager, 1 with lazy. The ring holds 512 changes of entries.

Instructions per context switch, in guest and monitor together

  workload    bare  hardened
            native    native  eager  lazy
  full          19      6000   2019   600
  threads        -         0      -     -

  The time in which a processor leaves the guest and enters it again is not in them.

Measured on bochs, CPU model, whose TSC counts instructions.
)");
}

TEST(ShortTable, ShowsOnlyTheWorkloadsThatItIsGiven) {
    const std::string text = short_table(example_runs(), {"full"}, true, bochs);
    EXPECT_THAT(text, HasSubstr("  full  "));
    EXPECT_THAT(text, Not(HasSubstr("threads")));
    EXPECT_THAT(text, Not(HasSubstr("page-table operation")));
}

TEST(ShortTable, ClaimsNoSavingWhereThereIsNone) {
    std::vector<tool::Run> runs = example_runs();
    runs[3] = run(abi::Profile::hardened, abi::Interface::lazy,
                  {"workload=full switches=1000 ticks=600000 exits=7000"});
    EXPECT_THAT(short_table(runs, {}, true, bochs), Not(HasSubstr("drains")));
}

TEST(ShortTable, SaysOfCyclesThatExitsAreAmongThem) {
    TableContext kvm = bochs;
    kvm.tick_name = "cycles";
    const std::string text = short_table(example_runs(), {}, true, kvm);
    EXPECT_THAT(text, HasSubstr("Cycles per context switch"));
    EXPECT_THAT(text, Not(HasSubstr("is not in them")));
}

TEST(ShortTable, ShowsSeveralProcessorsIfAskedTo) {
    std::vector<tool::Run> runs = example_runs();
    tool::Run two = run(abi::Profile::hardened, abi::Interface::lazy,
                        {"workload=full switches=1000 ticks=1 exits=1000 cpus=2"});
    two.cpus = 2;
    runs.push_back(two);
    EXPECT_THAT(short_table(runs, {}, true, bochs), HasSubstr("On several processors"));
    EXPECT_THAT(short_table(runs, {}, false, bochs), Not(HasSubstr("On several processors")));
}

} // namespace
} // namespace tool
