#include "tools/results/benchmark_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tool {
namespace {

using Json = nlohmann::json;

std::vector<Run> example_runs() {
    return {
        {abi::Profile::bare,
         abi::Interface::native,
         {parse_result("workload=full switches=3 ticks=10")},
         {}},
        {abi::Profile::hardened,
         abi::Interface::eager,
         {parse_result("workload=empty-vmcall switches=100 ticks=14000 exits=100 "
                       "monitor_ticks=12000 vmcs_accesses=400 exit.VMCALL=100 "
                       "hypercall.Empty=100")},
         {{"granted", "EPT"}}},
        {abi::Profile::hardened,
         abi::Interface::lazy,
         {parse_result("workload=full switches=1000 ticks=600000 exits=1000 monitor_ticks=500000 "
                       "vmcs_accesses=12000 flushes=1000 drained=7000 exit.VMCALL=1000 "
                       "hypercall.Flush=1000 entry.SetCR3=7000"),
          parse_result("workload=empty-vmcall switches=1 ticks=1 exits=1")},
         {}},
    };
}

Json parse(std::string_view tick_name = "instructions") {
    return Json::parse(benchmark_json(example_runs(), {{"machine", "bochs"}}, tick_name));
}

TEST(BenchmarkJson, NamesBenchmarks) {
    const Json document = parse();
    std::vector<std::string> names;
    for (const Json& benchmark : document["benchmarks"])
        names.push_back(benchmark["name"]);
    EXPECT_EQ(names,
              (std::vector<std::string>{"switch/full/bare/native", "vmcall/empty/hardened/rom",
                                        "switch/full/hardened/lazy"}));
}

TEST(BenchmarkJson, HoldsWhatGoogleBenchmarkReads) {
    const Json benchmark = parse()["benchmarks"][2];
    EXPECT_EQ(benchmark["run_type"], "iteration");
    EXPECT_EQ(benchmark["iterations"], 1000);
    EXPECT_EQ(benchmark["real_time"], 600.0);
    EXPECT_EQ(benchmark["cpu_time"], 600.0);
    EXPECT_EQ(benchmark["time_unit"], "ns");
}

TEST(BenchmarkJson, HoldsTheCounters) {
    const Json benchmark = parse()["benchmarks"][2];
    EXPECT_EQ(benchmark["exits_per_switch"], 1.0);
    EXPECT_EQ(benchmark["hypercalls_per_switch"], 1.0);
    EXPECT_EQ(benchmark["entries_per_flush"], 7.0);
    EXPECT_EQ(benchmark["guest_instructions_per_switch"], 100.0);
    EXPECT_EQ(benchmark["monitor_instructions_per_switch"], 500.0);
    EXPECT_EQ(benchmark["vmcs_accesses_per_exit"], 12.0);
    EXPECT_EQ(benchmark["exits_VMCALL_per_switch"], 1.0);
    EXPECT_EQ(benchmark["hypercalls_Flush_per_switch"], 1.0);
    EXPECT_EQ(benchmark["entries_SetCR3_per_switch"], 7.0);
    EXPECT_EQ(parse("cycles")["benchmarks"][2]["guest_cycles_per_switch"], 100.0);
}

TEST(BenchmarkJson, OfTheBareMachineCountsNoExits) {
    const Json benchmark = parse()["benchmarks"][0];
    EXPECT_FALSE(benchmark.contains("exits_per_switch"));
    EXPECT_EQ(benchmark["guest_instructions_per_switch"], 10.0 / 3.0);
}

TEST(BenchmarkJson, KeepsTheContext) {
    const Json context = parse()["context"];
    EXPECT_EQ(context["machine"], "bochs");
    EXPECT_EQ(context["runs"]["hardened/eager"]["granted"], "EPT");
}

TEST(BenchmarkJson, OfEqualResultsIsEqual) { EXPECT_EQ(parse().dump(), parse().dump()); }

} // namespace
} // namespace tool
