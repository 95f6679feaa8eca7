// `lazyhv fidelity`: a short run in which nothing differs, its arguments, and what it says of a
// guest that does see a difference.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Fidelity, HelpHasExamples) {
    const Outcome outcome = lazyhv({"fidelity", "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("Examples:\n  ./lazyhv fidelity"));
}

TEST(Fidelity, ArgumentsThatMakeNoSenseAreRefused) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--cases", "0"},
                                                  {"--cases", "5", "--minutes", "1"},
                                                  {"--minutes", "0"},
                                                  {"--seed", "some"},
                                                  {"--fast"}}) {
        std::vector<std::string> arguments{"fidelity"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        const Outcome outcome = lazyhv(arguments);
        EXPECT_EQ(outcome.status, 2);
        EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
        EXPECT_EQ(outcome.output, "");
    }
    EXPECT_THAT(lazyhv({"fidelity", "--profile", "soft"}).error,
                HasSubstr("unknown profile \"soft\""));
    EXPECT_THAT(lazyhv({"fidelity", "--cpu", "z80"}).error,
                HasSubstr("Bochs has no CPU model \"z80\""));
}

} // namespace
} // namespace test
