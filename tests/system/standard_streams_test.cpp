// Standard output and standard error that are full or closed.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;

const std::string run_hello =
    "run --machine bochs --profile bare --interface native " + guest_image() + " -- hello";

/// `lazyhv ARGUMENTS`, with redirections of a shell.
Outcome redirected(const std::string& arguments) {
    return Command({"/bin/sh", "-c", "\"$0\" " + arguments, lazyhv_program()}).wait();
}

TEST(StandardOutput, ThatTakesNothingIsAnError) {
    for (const std::string arguments : {"--help", "run --help", "doctor", "build --list"}) {
        for (const std::string redirection : {" >/dev/full", " >&-"}) {
            const Outcome outcome = redirected(arguments + redirection);
            EXPECT_EQ(outcome.status, 1) << arguments << redirection;
            EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: cannot write to standard output"));
        }
    }
}

TEST(StandardOutput, ThatIsFullEndsARun) {
    const Outcome outcome = redirected(run_hello + " >/dev/full");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: cannot write to standard output: No space "
                                         "left on device"));
}

TEST(StandardError, ThatTakesNothingChangesNoStatus) {
    for (const std::string redirection : {" 2>/dev/full", " 2>&-", " 2>&- <&-"}) {
        EXPECT_EQ(redirected("run /nowhere" + redirection).status, 1) << redirection;
        EXPECT_EQ(redirected("nonsense" + redirection).status, 2) << redirection;
        EXPECT_EQ(redirected(redirection).status, 2) << redirection;
        const Outcome outcome = redirected(run_hello + redirection);
        EXPECT_EQ(outcome.status, 0) << redirection;
        EXPECT_THAT(outcome.output, HasSubstr("hello"));
    }
}

} // namespace
} // namespace test
