// The guest's own tests on machines of several processors; and a processor that hangs.

#include "tests/system/processor_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// As HasSubstr, but of a failure it prints no more than is needed: the output is long.
void expect_said(const Outcome& outcome, const std::string& text) {
    EXPECT_NE(outcome.output.find(text), std::string::npos) << "not said: " << text;
}

void expect_passed(const Outcome& outcome) {
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, ContainsRegex("tests: [1-9][0-9]* passed, 0 failed"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("FAIL")));
    for (const char* name :
         {"smp-ipi", "smp-statistics", "smp-shootdown", "smp-shootdown-crossed",
          "smp-switches-cooperative", "smp-switches-preemptive", "smp-migration-cooperative",
          "smp-migration-preemptive", "smp-lazy-sections", "smp-foreign-gdt-store",
          "refused-start-in-video-memory", "refused-start-root-of-monitor"})
        expect_said(outcome, "test " + std::string(name) + ": ok\n");
}

/// What a guest must not do to a processor, or with its own, and what the monitor calls it.
void expect_refused_by_name(const Outcome& outcome, const std::string& profile,
                            const std::string& interface) {
    std::vector<std::string> refusals{"refused SIPI 0xa0: bad_start",
                                      "vCPU 1 does not start at 0xd8000: code that is not mapped"};
    if (interface != "native") {
        refusals.insert(refusals.end(),
                        {"refused SetInitialAPState 0x", ": bad_cr3\n", ": vcpu_running\n",
                         "refused SIPI 0x1f: bad_selector", "refused SIPI 0x1f: bad_address"});
    }
    if (interface != "native" && profile != "modern") {
        refusals.insert(refusals.end(),
                        {"refused Shootdown 0x", ": bad_vcpu\n", "refused ReleasePage 0x",
                         ": table_in_use\n", "refused SetPxE 0x", ": bad_frame\n"});
    }
    if (interface == "lazy" && profile != "modern") {
        for (const char* error :
             {"unknown_call", "not_queueable", "not_current_table", "ring_index"})
            refusals.push_back(": " + std::string(error) + "\n");
    }
    if (interface != "native" && profile == "hardened")
        refusals.emplace_back("root_not_registered");
    for (const std::string& refusal : refusals)
        expect_said(outcome, refusal);
}

using Combination = std::tuple<const char*, const char*>;

class FourProcessorTest : public testing::TestWithParam<Combination> {};

// The tests that one processor has too run on one processor everywhere (guest_self_test.cpp). The
// counts do not suffer from what happened before.
TEST_P(FourProcessorTest, PassesAndHasTheCountsOfOne) {
    const auto& [profile, interface] = GetParam();
    const std::vector<std::uint32_t> processors{1, 2, 4};
    std::vector<std::string> words = counting_words(processors);
    words.emplace_back("test=processors");
    const Outcome outcome = run_guest(profile, interface, words, "guest", {"--cpus", "4"});
    expect_passed(outcome);
    expect_refused_by_name(outcome, profile, interface);
    expect_the_counts_of_one(outcome, profile, interface, processors);
    expect_shootdowns(outcome, profile, interface, processors);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, FourProcessorTest,
                         testing::Combine(testing::Values("classic", "hardened", "modern"),
                                          testing::Values("native", "eager", "lazy")),
                         [](const auto& row) {
                             return std::string(std::get<0>(row.param)) + "_" +
                                    std::get<1>(row.param);
                         });

// After every VM exit the monitor compares its shadow page tables with the guest's. The self-tests
// would take minutes.
TEST(TwoProcessors, KeepShadowTablesThatAreRight) {
    std::vector<std::string> words = counting_words({2});
    words.insert(words.end(), {"stress=150", "xapic"});
    const Outcome outcome =
        run_guest("classic", "lazy", words, "guest", {"--cpus", "2", "--checked"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    expect_said(outcome, "2 processors, xAPIC, started by SetInitialAPState");
    EXPECT_THAT(outcome.output, ContainsRegex("stress: .* forks=[1-9].* shootdowns=[1-9].* wrong=0 "
                                              "errors=0 unflushed=0"));
    expect_shootdowns(outcome, "classic", "lazy", {2});
}

TEST(TwoProcessors, PassAllSelfTestsWithHardlyAnyShadowMemory) {
    const Outcome outcome = run_guest("classic", "eager", {"test"}, "guest",
                                      {"--cpus", "2", "--shadow-memory", "256K"});
    expect_passed(outcome);
    expect_said(outcome, "2 processors, x2APIC, started by SetInitialAPState");
}

TEST(TwoProcessors, PassAllSelfTestsStartedInRealMode) {
    const Outcome outcome =
        run_guest("hardened", "lazy", {"test", "xapic", "trampoline"}, "guest", {"--cpus", "2"});
    expect_passed(outcome);
    expect_said(outcome, "2 processors, xAPIC, started by a trampoline");
    expect_said(outcome, "test smp-start-by-trampoline: ok");
}

TEST(EightProcessors, PassTheSelfTests) {
    const Outcome outcome =
        run_guest("classic", "lazy", {"test=processors"}, "guest", {"--cpus", "8"});
    expect_passed(outcome);
    expect_said(outcome, "8 processors, x2APIC, started by SetInitialAPState");
}

/// The time limit is far away: the guest's watchdog ends the run.
void expect_found(const std::string& word, const std::string& message) {
    const Outcome outcome =
        run_guest("hardened", "lazy", {word}, "guest", {"--cpus", "2", "--time-limit", "100"});
    EXPECT_EQ(outcome.status, 1) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, ContainsRegex(message));
    EXPECT_THAT(outcome.error, Not(HasSubstr("time limit")));
}

TEST(Watchdog, FindsTheBootProcessor) {
    expect_found("crash=hang-processor-0",
                 "guest: watchdog: processor 0 makes no progress, .* at 0xffffffff8");
}

TEST(Watchdog, FindsAProcessorThatDoesNotAnswer) {
    expect_found("crash=deaf-processor-1",
                 "guest: watchdog: processor 1 makes no progress, .* does not answer");
}

} // namespace
} // namespace test
