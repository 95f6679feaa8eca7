// Tasks that yield, are preempted, change their memory, fork, and are sent around between four
// processors, for long; every task checks itself all the time.

#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

constexpr std::uint64_t processors = 4;
constexpr std::uint64_t wanted_instructions = 200'000'000;

class Stress : public testing::TestWithParam<const char*> {};

/// Instructions that Bochs has emulated, at least. With its debugger compiled in, as Debian has it,
/// Bochs lets each processor that is not halted execute five, then the TSC, which is the same for
/// all, moves by five. So each processor makes one per tick, except for the ticks in which it is
/// halted; the guest reads the TSC around each halt. Monitor and guest together, since both are
/// emulated.
std::uint64_t instructions(Numbers& stress) {
    return stress["cpus"] * stress["ticks"] - stress["halted"];
}

TEST_P(Stress, FindsNothing) {
    const Outcome outcome = run_guest(GetParam(), "lazy", {"stress=55"}, "guest", {"--cpus", "4"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    Numbers stress = numbers_behind(outcome.output, "stress: ");
    ASSERT_TRUE(stress.contains("unflushed")) << outcome.output;
    EXPECT_EQ(stress["cpus"], processors);
    EXPECT_GE(instructions(stress), wanted_instructions);
    EXPECT_EQ(stress["wrong"], 0U);
    EXPECT_EQ(stress["errors"], 0U);
    EXPECT_EQ(stress["unflushed"], 0U);
    // It did what it is there for.
    EXPECT_GT(stress["checks"], 100'000U);
    EXPECT_GT(stress["switches"], 2000U);
    EXPECT_GT(stress["migrations"], 1000U);
    EXPECT_GT(stress["forks"], 20U);
    EXPECT_GT(stress["shootdowns"], 50U);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Stress, testing::Values("classic", "hardened"),
                         [](const auto& row) { return std::string(row.param); });

} // namespace
} // namespace test
