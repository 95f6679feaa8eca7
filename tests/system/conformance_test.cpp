// The 32-bit conformance guest (guest/i386/): the ROM as a VMI kernel of 32 bits uses it.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;

const std::string conformance = LAZYHV_BINARY_DIR "/guest/i386/conformance.elf";

Outcome run_conformance(std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "--profile", "modern"});
    options.push_back(conformance);
    return lazyhv(options);
}

void expect_conformance(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("found VMI ROM: lazyhv, lazyhv VMI 3.0 ROM\n"
                                          "two-level: ok\n"
                                          "PAE: ok\n"));
}

TEST(Conformance, OfTheLazyInterface) { expect_conformance(run_conformance({})); }

TEST(Conformance, OfTheEagerInterface) {
    expect_conformance(run_conformance({"--interface", "eager"}));
}

TEST(Conformance, OnTwoProcessors) { expect_conformance(run_conformance({"--cpus", "2"})); }

TEST(Conformance, ThereIsNoRomOnTheNativeInterface) {
    const Outcome outcome = run_conformance({"--interface", "native"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("failed: no VMI ROM\n"));
}

} // namespace
} // namespace test
