#include "tools/compare/comparison.h"
#include "tools/compare/comparison_text.h"
#include "tools/compare/counter_meaning.h"
#include "tools/host/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

StoredResults one_benchmark(std::map<std::string, double> counters) {
    return {.context = {}, .benchmarks = {{"switch/full/classic/lazy", std::move(counters)}}};
}

Verdict verdict(const std::string& counter, double before, double now,
                const std::vector<Tolerance>& tolerances = {}) {
    const Comparison comparison = compare_results(one_benchmark({{counter, before}}),
                                                  one_benchmark({{counter, now}}), tolerances);
    EXPECT_EQ(comparison.changes.size(), 1U) << counter;
    return comparison.changes.at(0).verdict;
}

TEST(Comparison, HigherCostsAreWorseAndLowerOnesBetter) {
    for (const char* counter :
         {"exits_per_switch", "exits_per_entry", "exits_VMCALL_per_switch", "exits_max",
          "hypercalls_per_operation", "hypercalls_Flush_per_switch",
          "control_register_CLTS_per_switch", "memory_GDT_WRITE_per_switch",
          "guest_instructions_per_switch", "monitor_cycles_per_entry", "vmcs_accesses_per_exit",
          "shadow_built_per_switch", "shadow_instructions_per_operation", "lock_waited_per_switch",
          "lock_instructions_per_switch", "kicks_received_per_operation", "real_time"}) {
        EXPECT_EQ(verdict(counter, 2, 3), Verdict::worse) << counter;
        EXPECT_EQ(verdict(counter, 3, 2), Verdict::better) << counter;
    }
}

TEST(Comparison, NeutralCountersOnlyChange) {
    for (const char* counter :
         {"iterations", "threads", "entries_per_flush", "entries_SetCR3_per_switch", "exits_min",
          "shadow_in_use", "shadow_limit", "root_loads_per_switch", "lock_taken_per_switch",
          "shootdowns_per_operation", "a_counter_of_the_future"}) {
        EXPECT_EQ(verdict(counter, 2, 3), Verdict::neutral) << counter;
        EXPECT_EQ(verdict(counter, 3, 2), Verdict::neutral) << counter;
    }
}

TEST(Comparison, EqualCountersAreOnlyCounted) {
    const StoredResults results = one_benchmark({{"exits_per_switch", 1}, {"real_time", 600}});
    const Comparison comparison = compare_results(results, results, {});
    EXPECT_THAT(comparison.changes, IsEmpty());
    EXPECT_EQ(comparison.equal_counters, 2U);
}

TEST(Comparison, TheSmallestDifferenceCounts) {
    EXPECT_EQ(verdict("exits_per_switch", 1, 1.001), Verdict::worse);
}

TEST(Comparison, TolerancesReachAsFarAsTheySay) {
    const std::vector<Tolerance> two_percent{parse_tolerance("2%")};
    EXPECT_EQ(verdict("exits_per_switch", 100, 102, two_percent), Verdict::tolerated);
    EXPECT_EQ(verdict("exits_per_switch", 100, 102.01, two_percent), Verdict::worse);
    EXPECT_EQ(verdict("exits_per_switch", 0, 0.01, two_percent), Verdict::worse);
    EXPECT_EQ(verdict("exits_per_switch", 100, 99, two_percent), Verdict::better);
}

TEST(Comparison, TheLastToleranceThatFitsCounts) {
    const std::vector<Tolerance> tolerances{parse_tolerance("2%"),
                                            parse_tolerance("*_instructions_*=50%"),
                                            parse_tolerance("vmcs_accesses_per_exit=any")};
    EXPECT_EQ(verdict("exits_per_switch", 100, 110, tolerances), Verdict::worse);
    EXPECT_EQ(verdict("guest_instructions_per_switch", 100, 150, tolerances), Verdict::tolerated);
    EXPECT_EQ(verdict("guest_instructions_per_switch", 100, 151, tolerances), Verdict::worse);
    EXPECT_EQ(verdict("vmcs_accesses_per_exit", 0, 1000, tolerances), Verdict::tolerated);
}

TEST(Comparison, RefusesTolerancesThatMakeNoSense) {
    EXPECT_EQ(parse_tolerance("0.5%").part, 0.005);
    for (const char* text : {"", "2", "%", "two%", "-1%", "nan%", "2%%", "2 %", "=2%", "=any",
                             "any", "exits=2", "exits="})
        EXPECT_THROW(parse_tolerance(text), WrongUsage) << text;
}

TEST(Comparison, ACounterThatIsLeftOutIsZero) {
    const Comparison appears =
        compare_results(one_benchmark({}), one_benchmark({{"exits_CPUID_per_switch", 1}}), {});
    ASSERT_EQ(appears.changes.size(), 1U);
    EXPECT_EQ(appears.changes[0].verdict, Verdict::worse);
    EXPECT_EQ(appears.changes[0].part(), std::numeric_limits<double>::infinity());
    const Comparison vanishes =
        compare_results(one_benchmark({{"exits_CPUID_per_switch", 1}}), one_benchmark({}), {});
    ASSERT_EQ(vanishes.changes.size(), 1U);
    EXPECT_EQ(vanishes.changes[0].verdict, Verdict::better);
}

TEST(Comparison, NamesWhatOnlyOneFileHas) {
    StoredResults before = one_benchmark({{"exits_per_switch", 1}});
    StoredResults now = one_benchmark({{"exits_per_entry", 1}});
    before.benchmarks.push_back({"switch/old/classic/lazy", {}});
    now.benchmarks.push_back({"switch/new/classic/lazy", {}});
    const Comparison comparison = compare_results(before, now, {});
    EXPECT_THAT(comparison.changes, IsEmpty());
    EXPECT_THAT(comparison.only_old, ElementsAre("switch/old/classic/lazy"));
    EXPECT_THAT(comparison.only_new, ElementsAre("switch/new/classic/lazy"));
    EXPECT_THAT(comparison.counters_only_old,
                ElementsAre("exits_per_switch of switch/full/classic/lazy"));
    EXPECT_THAT(comparison.counters_only_new,
                ElementsAre("exits_per_entry of switch/full/classic/lazy"));
}

TEST(Comparison, TheWorstComesFirst) {
    const StoredResults before = one_benchmark({{"exits_per_switch", 10},
                                                {"hypercalls_per_switch", 10},
                                                {"guest_instructions_per_switch", 100},
                                                {"monitor_instructions_per_switch", 100},
                                                {"iterations", 1}});
    const StoredResults now = one_benchmark({{"exits_per_switch", 11},
                                             {"hypercalls_per_switch", 30},
                                             {"guest_instructions_per_switch", 50},
                                             {"monitor_instructions_per_switch", 90},
                                             {"exits_CPUID_per_switch", 1},
                                             {"iterations", 1000}});
    std::vector<std::string> counters;
    for (const Change& change : compare_results(before, now, {}).changes)
        counters.push_back(change.counter);
    EXPECT_THAT(counters, ElementsAre("exits_CPUID_per_switch", "hypercalls_per_switch",
                                      "exits_per_switch", "guest_instructions_per_switch",
                                      "monitor_instructions_per_switch", "iterations"));
}

TEST(Comparison, WarnsWhenTheConditionsDiffer) {
    StoredResults before = one_benchmark({{"guest_instructions_per_switch", 1}, {"real_time", 1}});
    StoredResults now = one_benchmark({{"guest_cycles_per_switch", 2}, {"real_time", 2}});
    before.context = {{"machine", "bochs"}, {"switches", "100"}, {"commit", "a"}, {"date", "1"}};
    now.context = {{"machine", "kvm"}, {"switches", "100"}, {"commit", "b"}, {"date", "2"}};
    const Comparison comparison = compare_results(before, now, {});
    EXPECT_THAT(comparison.warnings,
                ElementsAre("machine: bochs and kvm",
                            "unit of time: instructions and cycles; times are not compared"));
    EXPECT_THAT(comparison.changes, IsEmpty());
    EXPECT_THAT(comparison.counters_only_old, IsEmpty());
}

TEST(Comparison, TheHostMattersUnderKvmOnly) {
    StoredResults before = one_benchmark({});
    StoredResults now = before;
    for (const char* machine : {"bochs", "kvm"}) {
        before.context = {{"machine", machine}, {"host_name", "one"}};
        now.context = {{"machine", machine}, {"host_name", "two"}};
        EXPECT_EQ(compare_results(before, now, {}).warnings.empty(),
                  std::string_view(machine) == "bochs");
    }
}

TEST(ComparisonText, HasARowForEachChangeAndASum) {
    const StoredResults before = one_benchmark({{"exits_per_switch", 2}, {"real_time", 100}});
    const StoredResults now = one_benchmark({{"exits_per_switch", 3}, {"real_time", 90}});
    const std::string text = comparison_text(compare_results(before, now, {}), {});
    EXPECT_EQ(text, "Worse\n\n"
                    "  old  new  change  counter           benchmark\n"
                    "    2    3  +50.0%  exits_per_switch  switch/full/classic/lazy\n\n"
                    "Better\n\n"
                    "  old  new  change  counter    benchmark\n"
                    "  100   90  -10.0%  real_time  switch/full/classic/lazy\n\n"
                    "counters: 1 worse, 0 tolerated, 1 better, 0 otherwise changed, 0 equal\n");
}

TEST(ComparisonText, IsShortUnlessAllIsAskedFor) {
    StoredResults before{.context = {}, .benchmarks = {}};
    StoredResults now = before;
    for (int index = 0; index < 30; ++index) {
        const std::string name = "benchmark" + std::to_string(index);
        before.benchmarks.push_back({name, {{"exits_per_switch", 1}}});
        now.benchmarks.push_back({name, {{"exits_per_switch", 2}}});
    }
    const Comparison comparison = compare_results(before, now, {});
    EXPECT_THAT(comparison_text(comparison, {}), HasSubstr("... and 10 more (--all prints them)"));
    EXPECT_THAT(comparison_text(comparison, no_limits), Not(HasSubstr("more")));
    EXPECT_THAT(comparison_text(comparison, no_limits), HasSubstr("benchmark29\n"));
}

TEST(ComparisonText, ShowsSmallDifferences) {
    const std::string text =
        comparison_text(compare_results(one_benchmark({{"exits_per_switch", 0.0001}}),
                                        one_benchmark({{"exits_per_switch", 0.0002}}), {}),
                        {});
    EXPECT_THAT(text, HasSubstr("0.0001  0.0002"));
}

} // namespace
} // namespace tool
