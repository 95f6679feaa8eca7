// The 32-bit conformance guest (guest/i386/): the ROM as a VMI kernel of 32 bits uses it.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;

const std::string conformance = LAZYHV_BINARY_DIR "/guest/i386/conformance.elf";

/// With the exits that the loop over 512 page-table entries takes; nothing where nothing is queued.
std::string lines(const std::string& exits) {
    const std::string rest = exits.empty() ? "" : ": exits for 512 entries: " + exits;
    return "found VMI ROM: lazyhv, lazyhv VMI 3.0 ROM\n"
           "two-level" +
           rest + ": ok\nPAE" + rest + ": ok\n";
}

class Conformance : public testing::TestWithParam<std::string> {
  protected:
    static Outcome run(std::vector<std::string> options) {
        const std::vector<std::string> first{"run", "--protect", "off", "--profile", GetParam()};
        options.insert(options.begin(), first.begin(), first.end());
        options.push_back(conformance);
        return lazyhv(options);
    }
    /// The exits of the lazy interface; none are printed elsewhere.
    static void expect_passed(const Outcome& outcome, bool is_lazy = true) {
        EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
        EXPECT_THAT(outcome.output,
                    HasSubstr(lines(is_lazy && GetParam() == "classic" ? "0x00000001" : "")));
    }
};

TEST_P(Conformance, OfTheLazyInterface) { expect_passed(run({"--interface", "lazy"})); }

TEST_P(Conformance, OfTheEagerInterface) { expect_passed(run({"--interface", "eager"}), false); }

TEST_P(Conformance, OnTwoProcessors) { expect_passed(run({"--interface", "lazy", "--cpus", "2"})); }

TEST_P(Conformance, ThereIsNoRomOnTheNativeInterface) {
    const Outcome outcome = run({"--interface", "native"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("failed: no VMI ROM\n"));
}

INSTANTIATE_TEST_SUITE_P(Profiles, Conformance, testing::Values("classic", "hardened", "modern"),
                         [](const auto& parameter) { return parameter.param; });

} // namespace
} // namespace test
