#include "tools/results/benchmark_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

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

TEST(BenchmarkJson, NamesProgramsOfLinux) {
    tool::Run run{
        .profile = abi::Profile::classic,
        .interface = abi::Interface::native,
        .results = {parse_result("workload=linux/pingpong switches=2 ticks=9 exits=1"),
                    parse_result("workload=linux/fork operations=2 entries=2 ticks=9 exits=8")},
        .context = {{"kernel", "6.1"}}};
    EXPECT_EQ(benchmark_name(run, run.results[0]), "linux/pingpong/classic");
    EXPECT_EQ(benchmark_name(run, run.results[1]), "linux/fork/classic");
    tool::Run isolated = run;
    isolated.has_page_table_isolation = true;
    isolated.context["kernel"] = "6.2";
    EXPECT_EQ(benchmark_name(isolated, isolated.results[0]), "linux/pingpong/classic/pti");
    const Json document = Json::parse(benchmark_json({run, isolated}, {}, "instructions"));
    EXPECT_EQ(document["benchmarks"].size(), 4U);
    EXPECT_EQ(document["benchmarks"][1]["exits_per_operation"], 4.0);
    EXPECT_EQ(document["context"]["runs"]["linux/classic"]["kernel"], "6.1");
    EXPECT_EQ(document["context"]["runs"]["linux/classic/pti"]["kernel"], "6.2");
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

std::vector<Run> runs_of_several() {
    return {{abi::Profile::classic,
             abi::Interface::lazy,
             {parse_result("workload=full switches=1000 ticks=600000 exits=1000")},
             {{"granted", "one"}}},
            {abi::Profile::classic,
             abi::Interface::lazy,
             {parse_result("workload=full cpus=4 switches=4000 ticks=2400000 exits=4000 "
                           "exits_min=1000 exits_max=1000 monitor_ticks=2000000 lock_taken=2000 "
                           "lock_waited=1000 lock_ticks=40000"),
              parse_result("workload=shootdown/unmap/8 cpus=4 operations=16 entries=128 "
                           "ticks=12800 exits=64 exits_min=0 exits_max=16 monitor_ticks=6400 "
                           "shootdowns=16 kicks_sent=48 kicks_received=48"),
              parse_result("workload=empty-vmcall cpus=4 switches=4 ticks=400 exits=4")},
             {{"granted", "eight"}},
             8}};
}

Json parse_several() { return Json::parse(benchmark_json(runs_of_several(), {}, "instructions")); }

TEST(BenchmarkJson, NamesTheProcessorsAsGoogleBenchmarkNamesThreads) {
    const Json document = parse_several();
    std::map<std::string, int> threads;
    for (const Json& benchmark : document["benchmarks"])
        threads[benchmark["name"]] = benchmark["threads"];
    EXPECT_EQ(threads, (std::map<std::string, int>{{"switch/full/classic/lazy", 1},
                                                   {"switch/full/classic/lazy/threads:4", 4},
                                                   {"shootdown/unmap/8/classic/lazy/threads:4", 4},
                                                   {"vmcall/empty/classic/rom/threads:4", 4}}));
    EXPECT_EQ(document["context"]["runs"]["classic/lazy"]["granted"], "one");
    EXPECT_EQ(document["context"]["runs"]["classic/lazy/threads:8"]["granted"], "eight");
}

TEST(BenchmarkJson, HoldsWhatSeveralProcessorsDoToEachOther) {
    const Json document = parse_several();
    const Json& full = document["benchmarks"][1];
    EXPECT_EQ(full["iterations"], 4000);
    EXPECT_EQ(full["real_time"], 600.0);
    EXPECT_EQ(full["exits_per_switch"], 1.0);
    EXPECT_EQ(full["exits_min"], 1000);
    EXPECT_EQ(full["exits_max"], 1000);
    EXPECT_EQ(full["lock_taken_per_switch"], 0.5);
    EXPECT_EQ(full["lock_waited_per_switch"], 0.25);
    EXPECT_EQ(full["lock_instructions_per_switch"], 10.0);
    EXPECT_FALSE(full.contains("shootdowns_per_switch"));
    const Json& unmap = document["benchmarks"][2];
    EXPECT_EQ(unmap["real_time"], 800.0);
    EXPECT_EQ(unmap["exits_min"], 0);
    EXPECT_EQ(unmap["shootdowns_per_operation"], 1.0);
    EXPECT_EQ(unmap["kicks_sent_per_operation"], 3.0);
    EXPECT_EQ(unmap["kicks_received_per_operation"], 3.0);
    EXPECT_FALSE(document["benchmarks"][0].contains("exits_min"));
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
