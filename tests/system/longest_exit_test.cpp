// `lazyhv longest-exit`: two short runs that find the same, one case alone, and its arguments.

#include "shared/longest_exit.h"
#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;

/// Far above what any exit takes.
const std::string no_bound = "1000000000";

Outcome short_search() {
    return lazyhv({"longest-exit", "--cases", "2", "--seed", "4", "--bound", no_bound});
}

TEST(LongestExit, TheSameSeedFindsTheSame) {
    const Outcome outcome = short_search();
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("classic: 2 cases, "));
    EXPECT_THAT(outcome.output, HasSubstr(", 0 cases ended early\n"));
    EXPECT_THAT(outcome.output, HasSubstr("  repeat  ./lazyhv longest-exit --profile classic "
                                          "--case "));
    EXPECT_EQ(short_search().output, outcome.output);
}

/// 64 page tables are built and used, and a ring of SetPxE unlinks them; the steps are those of
/// guest/longest_exit/steps.cpp.
constexpr const char* unlinking_case = "01000c21090112080901121a0901122c";

class LongestExitOfACase : public testing::TestWithParam<std::string> {};

TEST_P(LongestExitOfACase, IsMeasured) {
    const std::vector<std::string> command{"longest-exit", "--profile", GetParam(), "--case",
                                           unlinking_case};
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--bound", no_bound});
    const Outcome within = lazyhv(arguments);
    EXPECT_EQ(within.status, 0) << within.output << within.error;
    EXPECT_THAT(within.output, HasSubstr("  tree 64 hot from 0 touched\n"));
    EXPECT_THAT(within.output, HasSubstr("  ring:"));
    EXPECT_THAT(within.output, HasSubstr(", within the bound of " + no_bound));
    arguments.back() = "1";
    const Outcome above = lazyhv(arguments);
    EXPECT_EQ(above.status, 1) << above.output << above.error;
    EXPECT_THAT(above.output, HasSubstr(", above the bound of 1\n"));
}

INSTANTIATE_TEST_SUITE_P(Profiles, LongestExitOfACase, testing::Values("classic", "hardened"),
                         [](const auto& row) { return row.param; });

TEST(LongestExitCommand, HelpHasExamples) {
    const Outcome outcome = lazyhv({"longest-exit", "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("Examples:\n  ./lazyhv longest-exit"));
    EXPECT_THAT(outcome.output, HasSubstr(std::to_string(abi::longest_exit_bound)));
    EXPECT_EQ(outcome.error, "");
}

TEST(LongestExitCommand, ArgumentsThatMakeNoSenseAreRefused) {
    const std::vector<std::vector<std::string>> wrong{{"--cases", "0"},
                                                      {"--cases", "5", "--minutes", "1"},
                                                      {"--cases", "5", "--seconds", "1"},
                                                      {"--cases", "5", "--case", "01000c21"},
                                                      {"--minutes", "0"},
                                                      {"--bound", "0"},
                                                      {"--seed", "some"},
                                                      {"--fast"}};
    for (const std::vector<std::string>& words : wrong) {
        std::vector<std::string> arguments{"longest-exit"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        const Outcome outcome = lazyhv(arguments);
        EXPECT_EQ(outcome.status, 2) << words.front();
        EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
        EXPECT_EQ(outcome.output, "");
    }
    EXPECT_THAT(lazyhv({"longest-exit", "--profile", "soft"}).error,
                HasSubstr("unknown profile \"soft\""));
    EXPECT_THAT(lazyhv({"longest-exit", "--profile", "bare"}).error,
                HasSubstr("the bare machine has no monitor"));
    EXPECT_THAT(lazyhv({"longest-exit", "--case", "01000c2"}).error,
                HasSubstr("\"01000c2\" is not a case"));
}

} // namespace
} // namespace test
