// A Multiboot kernel in every operating mode: on the bare machine, and where the guest may be in
// every mode; elsewhere it is refused.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace test {
namespace {

using testing::HasSubstr;

const std::string modes = LAZYHV_BINARY_DIR "/tests/modes/modes.elf";

Outcome run_modes(std::vector<std::string> options) {
    options.insert(options.begin(), "run");
    options.push_back(modes);
    return lazyhv(options);
}

void expect_all_modes(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    // Without the lines of the monitor.
    std::string said;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && !line.starts_with("lazyhv: "))
            said += line + "\n";
    EXPECT_EQ(said, "protected\ntwo-level\npae\nreal\nlong\ncompatibility\n");
}

TEST(Modes, OnTheBareMachine) {
    expect_all_modes(run_modes({"--profile", "bare", "--interface", "native"}));
}

TEST(Modes, OnModern) { expect_all_modes(run_modes({"--profile", "modern"})); }

TEST(Modes, OnHardenedWithoutProtection) {
    expect_all_modes(run_modes({"--profile", "hardened", "--protect", "off"}));
}

TEST(Modes, AreRefusedElsewhere) {
    for (const std::string profile : {"classic", "hardened"}) {
        const Outcome outcome = run_modes({"--profile", profile});
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.error, HasSubstr("it starts in protected mode, which profile " +
                                             profile + " does not run yet"));
    }
    const Outcome outcome = run_modes({"--profile", "modern", "--cpu", "corei5_lynnfield_750"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("needs \"unrestricted guest\""));
}

} // namespace
} // namespace test
