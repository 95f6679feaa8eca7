#include "tools/results/processor_tables.h"
#include "tools/results/table.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tool {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Result switches(std::string_view workload, std::uint32_t cpus, std::uint32_t exits,
                std::string_view more = "") {
    return parse_result(
        fmt::format("workload={} cpus={} switches={} ticks={} exits={} exits_min={} exits_max={} "
                    "monitor_ticks={}{}",
                    workload, cpus, cpus * 1000, cpus * 9000000, cpus * exits * 1000, exits * 1000,
                    exits * 1000, cpus * exits * 100000, more));
}

Result shootdown(std::uint32_t cpus) {
    const std::uint32_t others = 16 * (cpus - 1);
    return parse_result(fmt::format(
        "workload=shootdown/unmap/8 cpus={} operations=16 entries=128 ticks=32000 exits={} "
        "exits_min=16 exits_max=16 monitor_ticks=16000 exit.VMCALL=16 exit.EXCEPTION_NMI={} "
        "hypercall.Flush=16 entry.SetPxE=128 entry.Shootdown=16 lock_taken=64 lock_waited=8 "
        "lock_ticks=1600 shootdowns=16 kicks_sent={} kicks_received={}",
        cpus, 16 + others, others, others, others));
}

std::vector<Run> example_runs() {
    std::vector<Run> runs;
    for (const abi::Interface interface : {abi::Interface::eager, abi::Interface::lazy}) {
        const std::uint32_t exits = interface == abi::Interface::lazy ? 1 : 7;
        runs.push_back({abi::Profile::classic,
                        interface,
                        {switches("full", 1, exits), switches("threads", 1, exits)},
                        {}});
    }
    for (const abi::Interface interface : {abi::Interface::eager, abi::Interface::lazy}) {
        const std::uint32_t exits = interface == abi::Interface::lazy ? 1 : 7;
        Run run{abi::Profile::classic, interface, {}, {}, 4};
        for (const std::uint32_t cpus : {2U, 4U}) {
            run.results.push_back(switches("full", cpus, exits));
            run.results.push_back(shootdown(cpus));
        }
        runs.push_back(std::move(run));
    }
    return runs;
}

/// All combinations on all numbers of processors, with numbers as wide as they get.
std::vector<Run> widest_runs() {
    std::vector<Run> runs;
    for (const abi::Profile profile :
         {abi::Profile::classic, abi::Profile::hardened, abi::Profile::modern}) {
        for (const abi::Interface interface :
             {abi::Interface::native, abi::Interface::eager, abi::Interface::lazy}) {
            Run run{profile, interface, {}, {}, 8};
            for (const std::uint32_t cpus : {2U, 4U, 8U}) {
                run.results.push_back(parse_result(fmt::format(
                    "workload=address-space cpus={} switches=3000 ticks=60000000 exits=35998 "
                    "exits_min=1 exits_max=4 monitor_ticks=37048123 lock_taken=11000 "
                    "lock_waited=11000 lock_ticks=4000100",
                    cpus)));
                run.results.push_back(parse_result(fmt::format(
                    "workload=shootdown/protect/8 cpus={} operations=16 entries=128 ticks=60000000 "
                    "exits=2007 monitor_ticks=3700001 kicks_received=1807 lock_taken=11000 "
                    "lock_waited=11000 lock_ticks=400010 exit.VMCALL=160 exit.EXCEPTION_NMI=1807 "
                    "exit.EXTERNAL_INTERRUPT=200 hypercall.Flush=128 hypercall.Shootdown=32",
                    cpus)));
            }
            runs.push_back(run);
            run.results = {parse_result("workload=address-space switches=1000 ticks=20000000 "
                                        "exits=11998 monitor_ticks=12345678")};
            run.cpus = 1;
            runs.push_back(std::move(run));
        }
    }
    return runs;
}

TEST(ProcessorTables, HaveTheNumbersOfProcessorsSideBySide) {
    EXPECT_THAT(
        processor_tables(example_runs(), "instructions"),
        StartsWith(
            R"(On several processors at the same time: VM exits per context switch, and instructions in the monitor

  workload  profile  interface  exits                monitor
                                 on 1   on 2   on 4     on 1  on 2  on 4
  full      classic  eager      7.000  7.000  7.000      700   700   700
            classic  lazy       1.000  1.000  1.000      100   100   100

)"));
}

TEST(ProcessorTables, MarkWhereProcessorsDiffer) {
    auto runs = example_runs();
    runs[3].results[2].counters["exits_max"] = 1003;
    const std::string table = processor_tables(runs, "instructions");
    EXPECT_THAT(table, HasSubstr("7.000   7.000   7.000 "));
    EXPECT_THAT(table, HasSubstr("1.000   1.000   1.000*"));
    EXPECT_THAT(table, HasSubstr("\n\n  * One processor had more exits than another; at most 3 "
                                 "more, in the whole workload.\n\n"));
    EXPECT_THAT(processor_tables(example_runs(), "instructions"), Not(HasSubstr("*")));
}

TEST(ProcessorTables, SayWhoseTheExitsOfAShootdownAre) {
    EXPECT_THAT(
        processor_tables(example_runs(), "instructions"),
        HasSubstr(
            R"(Shoot-downs on several processors: VM exits per operation, of those kicks of other processors, and the rest

  workload           profile  interface  exits        kicked        rest
                                          on 2  on 4    on 2  on 4  on 2  on 4
  shootdown/unmap/8  classic  eager          2     4       1     3     1     1
                     classic  lazy           2     4       1     3     1     1

)"));
}

TEST(ProcessorTables, SayWhatTheExitsOfAShootdownWereOnTheMostProcessors) {
    const std::string table = processor_tables(example_runs(), "instructions");
    EXPECT_THAT(table, HasSubstr("Shoot-downs on 4 processors: for each operation; instructions in "
                                 "the monitor, of all processors together\n"));
    EXPECT_THAT(table, HasSubstr("  shootdown/unmap/8  classic  eager         1000  "
                                 "EXCEPTION_NMI 3; VMCALL 1 (Flush 1); drained: "));
}

TEST(ProcessorTables, SayHowOftenTheLockWasWaitedFor) {
    EXPECT_THAT(
        processor_tables(example_runs(), "instructions"),
        HasSubstr(
            R"(The lock of the page tables: times taken per switch or operation, share that waited, instructions in waiting

  workload           profile  interface  taken        waited         waiting
                                          on 2  on 4    on 2   on 4     on 2   on 4
  shootdown/unmap/8  classic  eager          4     4   12.5%  12.5%    100.0  100.0
                     classic  lazy           4     4   12.5%  12.5%    100.0  100.0

)"));
}

TEST(ProcessorTables, HaveADashForWhatWasNotMeasured) {
    auto runs = example_runs();
    runs.erase(runs.begin() + 1);
    EXPECT_THAT(processor_tables(runs, "instructions"),
                HasSubstr("            classic  lazy           -  1.000  1.000"));
}

TEST(ProcessorTables, AreNotThereForOneProcessor) {
    auto runs = example_runs();
    runs.resize(2);
    EXPECT_EQ(processor_tables(runs, "instructions"), "");
}

TEST(ProcessorTables, StandBehindTheOthersAndLeaveThemAsTheyAre) {
    const TableContext bochs{.machine = "bochs", .cpu_model = "model", .tick_name = "instructions"};
    auto runs = example_runs();
    const std::string both = results_table(runs, bochs);
    const std::string several = processor_tables(runs, "instructions");
    runs.resize(2);
    const std::string one = results_table(runs, bochs);
    const std::size_t end = one.find("Measured on bochs");
    EXPECT_EQ(both, one.substr(0, end) + several + one.substr(end));
}

TEST(ProcessorTables, StayWithin120Columns) {
    std::istringstream lines(processor_tables(widest_runs(), "instructions"));
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 120U) << line;
}

} // namespace
} // namespace tool
