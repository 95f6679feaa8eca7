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
        {abi::Profile::classic,
         abi::Interface::lazy,
         {parse_result("workload=pagetable/map/512 operations=4 entries=2048 ticks=409600 exits=8 "
                       "monitor_ticks=204800 vmcs_accesses=80 flushes=8 drained=4096 exit.VMCALL=8 "
                       "hypercall.Flush=8 entry.SetPxE=2048 shadow_built=2 shadow_ticks=1000 "
                       "shadow_in_use=17 shadow_limit=512"),
          parse_result("workload=address-space switches=10 ticks=100 exits=0 root_loads=10")},
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
    EXPECT_EQ(names, (std::vector<std::string>{
                         "switch/full/bare/native", "vmcall/empty/hardened/rom",
                         "switch/full/hardened/lazy", "pagetable/map/512/classic/lazy",
                         "switch/address-space/classic/lazy"}));
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

TEST(BenchmarkJson, CountsPageTableOperationsAndTheirEntries) {
    const Json benchmark = parse()["benchmarks"][3];
    EXPECT_EQ(benchmark["iterations"], 4);
    EXPECT_EQ(benchmark["real_time"], 102400.0);
    EXPECT_EQ(benchmark["exits_per_operation"], 2.0);
    EXPECT_EQ(benchmark["exits_per_entry"], 8.0 / 2048);
    EXPECT_EQ(benchmark["monitor_instructions_per_entry"], 100.0);
    EXPECT_EQ(benchmark["guest_instructions_per_entry"], 100.0);
    EXPECT_EQ(benchmark["hypercalls_per_operation"], 2.0);
    EXPECT_EQ(benchmark["exits_VMCALL_per_operation"], 2.0);
    EXPECT_EQ(benchmark["hypercalls_Flush_per_operation"], 2.0);
    EXPECT_EQ(benchmark["entries_SetPxE_per_operation"], 512.0);
    EXPECT_EQ(parse("cycles")["benchmarks"][3]["guest_cycles_per_entry"], 100.0);
    for (const auto& [name, value] : benchmark.items())
        EXPECT_EQ(name.find("_per_switch"), std::string::npos) << name;
}

TEST(BenchmarkJson, HoldsTheCountersOfShadowPaging) {
    const Json mapping = parse()["benchmarks"][3];
    EXPECT_EQ(mapping["shadow_built_per_operation"], 0.5);
    EXPECT_EQ(mapping["shadow_instructions_per_operation"], 250.0);
    EXPECT_EQ(mapping["shadow_in_use"], 17);
    EXPECT_EQ(mapping["shadow_limit"], 512);
    EXPECT_FALSE(mapping.contains("root_loads_per_operation"));
    EXPECT_EQ(parse()["benchmarks"][4]["root_loads_per_switch"], 1.0);
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
