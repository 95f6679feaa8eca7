// The kernel's own operations, one by one and in batches, on the real monitor: the guest compares.

#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace test {
namespace {

using testing::HasSubstr;

struct Combination {
    const char* profile;
    std::uint32_t processors;
};

class Differential : public testing::TestWithParam<Combination> {};

TEST_P(Differential, EndsAlike) {
    const auto [profile, processors] = GetParam();
    const Outcome outcome = run_guest(profile, "lazy", {"test=differential"}, "guest",
                                      {"--cpus", std::to_string(processors)});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("test differential: ok"));
    EXPECT_THAT(outcome.output, HasSubstr("tests: 1 passed, 0 failed"));
    EXPECT_THAT(outcome.output, HasSubstr(", 0 requests refused"));
    Numbers numbers = numbers_behind(outcome.output, "@differential ");
    EXPECT_EQ(numbers["processors"], processors);
    EXPECT_GE(numbers["sequences"], 800U);
    EXPECT_GE(numbers["operations"], 10 * numbers["sequences"]);
    // The batches were batches.
    EXPECT_GE(numbers["drained"], 5 * numbers["sequences"]);
}

INSTANTIATE_TEST_SUITE_P(Lazy, Differential,
                         testing::Values(Combination{"classic", 1}, Combination{"classic", 2},
                                         Combination{"hardened", 1}, Combination{"hardened", 2}),
                         [](const auto& row) {
                             return std::string(row.param.profile) + "_" +
                                    std::to_string(row.param.processors);
                         });

} // namespace
} // namespace test
