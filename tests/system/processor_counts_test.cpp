// Counts on eight processors. (Those on four are in processors_test.cpp, after the self-tests.)

#include "tests/system/processor_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace test {
namespace {

using testing::HasSubstr;

class EightProcessorCounts : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(EightProcessorCounts, AreThoseOfOne) {
    const auto& [profile, interface] = GetParam();
    const std::vector<std::uint32_t> processors{1, 2, 4, 8};
    const Outcome outcome =
        run_guest(profile, interface, counting_words(processors), "guest", {"--cpus", "8"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    expect_the_counts_of_one(outcome, profile, interface, processors);
    expect_shootdowns(outcome, profile, interface, processors);
}

// Each profile, and each interface. All nine are there on four processors.
INSTANTIATE_TEST_SUITE_P(
    Everywhere, EightProcessorCounts,
    testing::Values(std::tuple{"classic", "lazy"}, std::tuple{"classic", "native"},
                    std::tuple{"hardened", "lazy"}, std::tuple{"hardened", "eager"},
                    std::tuple{"modern", "lazy"}),
    [](const auto& row) {
        return std::string(std::get<0>(row.param)) + "_" + std::get<1>(row.param);
    });

// Who waits for whom included: ticks, and times a lock was waited for, are in what is compared.
TEST(FourProcessors, DoTheSameTwice) {
    std::vector<std::string> words = counting_words({1, 4});
    words.emplace_back("stress=2");
    std::vector<std::string> outputs;
    for (int i = 0; i < 2; ++i) {
        const Outcome outcome = run_guest("classic", "lazy", words, "guest", {"--cpus", "4"});
        ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
        outputs.push_back(outcome.output);
    }
    EXPECT_THAT(outputs[0], HasSubstr("@result workload=pingpong cpus=4 "));
    EXPECT_THAT(outputs[0], HasSubstr("stress: cpus=4 "));
    EXPECT_EQ(outputs[0], outputs[1]);
}

} // namespace
} // namespace test
