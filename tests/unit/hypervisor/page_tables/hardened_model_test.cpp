// Registered page tables under EPT against the reference MMU: a guest of profile `hardened` that
// changes its tables at random, by calls and by stores that are trapped.

#include "tests/unit/fake/guests/hardened_guest.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

class HardenedModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(HardenedModel, AgreesWithTheReference) {
    HardenedGuest guest{GetParam()};
    constexpr int operations = 300'000;
    for (int n = 0; n < operations; ++n)
        ASSERT_TRUE(guest.step(n % 2000 == 0)) << guest.complaint;
    EXPECT_GT(guest.translated, operations / 20U);
    EXPECT_GT(guest.trapped, operations / 100U);
    EXPECT_GT(guest.refused, operations / 100U);
    EXPECT_GT(guest.registrations, operations / 500U);
    EXPECT_GT(guest.used_bits, operations / 100U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HardenedModel, ::testing::Values(1, 2, 3, 4));

} // namespace
} // namespace hv::test
