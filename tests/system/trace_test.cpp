// `lazyhv trace`: what it says is what the monitor counts, and a run that is traced has the exits
// of one that is not.

#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <regex>

namespace test {
namespace {

using testing::HasSubstr;
using Counts = std::map<std::string, std::uint64_t>;

/// The monitor's summary of a run, from "N VM exits" on: "CR_ACCESS" and the like, "VMCALL Flush",
/// "drained SetCR3", "MSR 0x10", "port 0x80".
Counts summary_of(const std::string& output) {
    Counts counts;
    const std::regex line("lazyhv: +([A-Za-z_]+(?: [A-Za-z0-9]+)?) (\\d+)\n");
    const std::size_t begin = std::min(output.find(" VM exits, "), output.size());
    for (std::sregex_iterator
             match(output.begin() + static_cast<std::ptrdiff_t>(begin), output.end(), line),
         end;
         match != end; ++match)
        counts[(*match)[1]] = std::stoull((*match)[2]);
    return counts;
}

/// The same of what was traced.
Counts summary_of(const nlohmann::json& exits) {
    Counts counts;
    for (const auto& exit : exits) {
        const std::string reason = exit["reason"];
        const std::string sub_reason = exit["sub_reason"];
        ++counts[reason];
        if (reason == "VMCALL" && !sub_reason.empty())
            ++counts["VMCALL " + sub_reason];
        if (sub_reason.starts_with("MSR ") || sub_reason.starts_with("port "))
            ++counts[sub_reason];
        const std::string calls = exit["calls"];
        const std::regex call("([A-Za-z0-9]+) (\\d+)");
        for (std::sregex_iterator match(calls.begin(), calls.end(), call), end; match != end;
             ++match)
            counts["drained " + std::string((*match)[1])] += std::stoull((*match)[2]);
    }
    return counts;
}

struct Traced {
    Outcome outcome;
    nlohmann::json exits;
};

Traced trace(const std::vector<std::string>& words) {
    Command holder({"true"}); // for its folder
    holder.wait();
    const std::string file = holder.folder() / "exits.json";
    std::vector<std::string> arguments{"trace", "--json", file, "--"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    Traced traced{lazyhv(arguments), {}};
    std::ifstream stream(file);
    traced.exits = nlohmann::json::parse(stream, nullptr, false);
    return traced;
}

class TraceOn : public testing::TestWithParam<const char*> {};

TEST_P(TraceOn, AgreesWithTheMonitorsCounters) {
    const std::vector<std::string> run{
        "run",         "--machine", "bochs",
        "--verbose",   "--profile", GetParam(),
        guest_image(), "--",        "workload=full,pagetable/map/512,empty-vmcall",
        "switches=50"};
    const Outcome untraced = lazyhv(run);
    ASSERT_EQ(untraced.status, 0) << untraced.error;
    const Traced traced = trace(run);
    ASSERT_EQ(traced.outcome.status, 0) << traced.outcome.error;
    const Counts counted = summary_of(traced.outcome.output);
    EXPECT_GT(counted.size(), 6U);
    EXPECT_EQ(summary_of(traced.exits), counted);
    EXPECT_EQ(counted, summary_of(untraced.output));
    // The guest's and the monitor's own figures, too, but for times.
    for (const char* workload : {"full", "pagetable/map/512"}) {
        Numbers with = result_of(traced.outcome.output, workload);
        Numbers without = result_of(untraced.output, workload);
        EXPECT_EQ(with["monitor_ticks"], without["monitor_ticks"]) << workload;
        for (Numbers* const numbers : {&with, &without})
            numbers->erase("ticks");
        EXPECT_EQ(with, without) << workload;
    }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, TraceOn, testing::Values("classic", "hardened", "modern"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(Trace, SeesEveryProcessor) {
    const Traced traced =
        trace({"run", "--machine", "bochs", "--verbose", "--cpus", "2", guest_image(), "--",
               "workload=full", "switches=50", "processors=2"});
    ASSERT_EQ(traced.outcome.status, 0) << traced.outcome.error;
    EXPECT_EQ(summary_of(traced.exits), summary_of(traced.outcome.output));
    Counts by_vcpu;
    for (const auto& exit : traced.exits)
        ++by_vcpu[std::to_string(exit["vcpu"].get<int>())];
    EXPECT_GT(by_vcpu["0"], 50U);
    EXPECT_GT(by_vcpu["1"], 50U);
}

TEST(Trace, PrintsALineForEachExitAndTables) {
    const Outcome outcome = lazyhv({"trace", "--text", "--summary", "--", "run", "--machine",
                                    "bochs", guest_image(), "--", "workload=full", "switches=10"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output,
                testing::ContainsRegex(
                    "kvm_exit: vcpu 0 reason VMCALL rip 0x[0-9a-f]+ rom::set_lazy_mode\\+0x"));
    EXPECT_THAT(outcome.output, HasSubstr("(Flush) drained 7: WriteGDTEntry 3, "));
    EXPECT_THAT(outcome.output, HasSubstr("  VM-EXIT "));
    EXPECT_THAT(outcome.output, HasSubstr("tracing itself took "));
}

TEST(Trace, NamesTheRunsOfABenchmark) {
    const Traced traced = trace({"bench", "--machine", "bochs", "--profile", "hardened",
                                 "--workload", "full", "--switches", "10"});
    ASSERT_EQ(traced.outcome.status, 0) << traced.outcome.error;
    Counts runs;
    for (const auto& exit : traced.exits)
        ++runs[exit["run"]];
    EXPECT_EQ(runs.size(), 3U);
    EXPECT_GT(runs["hardened/native"], runs["hardened/lazy"]);
}

TEST(Trace, SaysWhatItIsFor) {
    EXPECT_THAT(lazyhv({"trace"}).error, HasSubstr("name the command to trace after --"));
    EXPECT_THAT(lazyhv({"trace", "--", "doctor"}).error,
                HasSubstr("trace is for `run`, `bench` and `linux`"));
    EXPECT_THAT(lazyhv({"trace", "--csv", "/nowhere/x", "--", "bench"}).error,
                HasSubstr("cannot write the trace to /nowhere/x"));
}

} // namespace
} // namespace test
