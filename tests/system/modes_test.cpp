// A Multiboot kernel in every operating mode: on the bare machine, and where the guest may be in
// every mode, or in all but real-address mode, which is interpreted. Elsewhere what a kernel runs
// before it is in 64-bit mode is interpreted.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace test {
namespace {

using testing::HasSubstr;

const std::string modes = LAZYHV_BINARY_DIR "/tests/modes/modes.elf";

const std::string long_mode = LAZYHV_BINARY_DIR "/tests/modes/long_mode.elf";

Outcome run_kernel(const std::string& kernel, std::vector<std::string> options) {
    options.insert(options.begin(), "run");
    options.push_back(kernel);
    return lazyhv(options);
}

Outcome run_modes(const std::vector<std::string>& options) { return run_kernel(modes, options); }

void expect_all_modes(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    // Without the lines of the monitor.
    std::string said;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && !line.starts_with("lazyhv: "))
            said += line + "\n";
    EXPECT_EQ(said, "protected\ntask\ntwo-level\npae\nreal\nlong\ncompatibility\n");
}

TEST(Modes, OnTheBareMachine) {
    expect_all_modes(run_modes({"--profile", "bare", "--interface", "native"}));
}

TEST(Modes, OnModern) { expect_all_modes(run_modes({"--profile", "modern"})); }

TEST(Modes, OfAKernelOfMultiboot2) {
    const std::string kernel = LAZYHV_BINARY_DIR "/tests/modes/modes2.elf";
    expect_all_modes(run_kernel(kernel, {"--profile", "modern"}));
    expect_all_modes(run_kernel(kernel, {"--profile", "bare", "--interface", "native"}));
}

TEST(Modes, OnHardenedWithoutProtection) {
    expect_all_modes(run_modes({"--profile", "hardened", "--protect", "off"}));
}

// The kernel has an exception in real-address mode, which the interpreter does not know.
TEST(Modes, OnClassicWithoutProtection) {
    const std::vector<std::string> variants[] = {
        {}, {"--checked"}, {"--cpu", "core2_penryn_t9600"}};
    for (const std::vector<std::string>& variant : variants) {
        std::vector<std::string> options{"--profile", "classic", "--protect", "off"};
        options.insert(options.end(), variant.begin(), variant.end());
        const Outcome outcome = run_modes(options);
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.output, HasSubstr("protected\ntask\ntwo-level\npae\n"));
        EXPECT_THAT(outcome.error, HasSubstr("the guest has left protected mode and does not come "
                                             "back: paging without protected mode, at 0x80"));
    }
}

void expect_refused(const std::vector<std::string>& options) {
    const Outcome outcome = run_modes(options);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("protected\n"));
    EXPECT_THAT(outcome.error,
                HasSubstr("interpreted until it is in 64-bit mode, which it does not reach: an "
                          "instruction that start-up code does not use, at 0x"));
    EXPECT_THAT(outcome.error, HasSubstr("use --profile modern"));
}

TEST(Modes, AreRefusedElsewhere) {
    expect_refused({"--profile", "classic"});
    expect_refused({"--profile", "hardened"});
    expect_refused({"--profile", "modern", "--cpu", "corei5_lynnfield_750"});
}

void expect_long_mode(const std::vector<std::string>& options) {
    const Outcome outcome = run_kernel(long_mode, options);
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("protected\nlong\n"));
}

TEST(Modes, AKernelOf64BitsMayStartInProtectedMode) {
    expect_long_mode({"--profile", "modern"});
    expect_long_mode({"--profile", "modern", "--cpu", "corei5_lynnfield_750"});
    expect_long_mode({"--profile", "hardened"});
    expect_long_mode({"--profile", "hardened", "--protect", "off"});
    expect_long_mode({"--profile", "classic"});
    expect_long_mode({"--profile", "classic", "--protect", "off"});
    expect_long_mode({"--profile", "classic", "--cpu", "core2_penryn_t9600"});
}

} // namespace
} // namespace test
