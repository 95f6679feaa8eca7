// `lazyhv fidelity`: a short run in which nothing differs, and its arguments.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;

/// The short run: other cases than those of the examples in the documentation.
Outcome short_run(const std::string& profile, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"fidelity", "--cases",   "150",  "--seed",
                                       "3",        "--profile", profile};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return lazyhv(arguments);
}

class Fidelity : public testing::TestWithParam<std::string> {};

TEST_P(Fidelity, TheGuestSeesTheBareMachine) {
    const Outcome outcome =
        short_run(GetParam(), {"--cpu", "corei7_haswell_4770,corei7_icelake_u"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("150 cases, 300 comparisons, 0 differ"));
}

INSTANTIATE_TEST_SUITE_P(Briefly, Fidelity, testing::Values("hardened", "modern"),
                         [](const auto& row) { return row.param; });

// Without what Bochs does otherwise under shadow paging (docs/fidelity.md).
TEST(FidelityOfClassic, TheGuestSeesTheBareMachine) {
    const Outcome outcome =
        short_run("classic", {"--without", "breakpoints,interrupt", "--cpu",
                              "corei7_haswell_4770,corei7_icelake_u,core2_penryn_t9600"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("150 cases, 450 comparisons, 0 differ"));
}

// Cases with CR0.WP clear in which the stack is read-only, by an entry of a level above 1.
TEST(FidelityOfClassic, EventsOnReadOnlyStacks) {
    for (const char* const number : {"11270", "23142"}) {
        for (const char* const processors : {"1", "2"}) {
            const Outcome outcome =
                lazyhv({"fidelity", "--profile", "classic", "--cpu", "corei7_haswell_4770",
                        "--seed", "402", "--first", number, "--cases", "1", "--without",
                        "breakpoints,interrupt", "--cpus", processors});
            EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
            EXPECT_THAT(outcome.output, HasSubstr("1 cases, 1 comparisons, 0 differ"));
        }
    }
}

TEST(FidelityOfModern, TheGuestSeesTheBareMachineInRealAddressMode) {
    const Outcome outcome =
        short_run("modern", {"--real-mode", "--cpu", "corei7_haswell_4770,corei7_icelake_u"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("150 cases, 300 comparisons, 0 differ"));
}

TEST(FidelityCommand, HelpHasExamples) {
    const Outcome outcome = lazyhv({"fidelity", "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("Examples:\n  ./lazyhv fidelity"));
    EXPECT_EQ(outcome.error, "");
}

TEST(FidelityCommand, ArgumentsThatMakeNoSenseAreRefused) {
    const std::vector<std::vector<std::string>> wrong{
        {"--cases", "0"},   {"--cases", "5", "--minutes", "1"},
        {"--minutes", "0"}, {"--seed", "some"},
        {"--cpus", "0"},    {"--fast"}};
    for (const std::vector<std::string>& words : wrong) {
        std::vector<std::string> arguments{"fidelity"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        const Outcome outcome = lazyhv(arguments);
        EXPECT_EQ(outcome.status, 2) << words.front();
        EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
        EXPECT_EQ(outcome.output, "");
    }
    EXPECT_THAT(lazyhv({"fidelity", "--profile", "soft"}).error,
                HasSubstr("unknown profile \"soft\""));
    EXPECT_THAT(lazyhv({"fidelity", "--real-mode", "--profile", "classic"}).error,
                HasSubstr("only on modern may a guest be in real-address mode"));
    EXPECT_THAT(lazyhv({"fidelity", "--cpu", "z80"}).error,
                HasSubstr("Bochs has no CPU model \"z80\""));
}

} // namespace
} // namespace test
