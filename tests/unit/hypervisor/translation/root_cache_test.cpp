// The roots that a vCPU remembers.

#include "hypervisor/translation/shadow/root_cache.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

TEST(RootCache, RemembersTheLastOfEachPlace) {
    RootCache cache;
    constexpr std::uint64_t root = 0x123000;
    constexpr std::uint64_t same_place = root + 256 * page_size;
    EXPECT_EQ(cache.find(root), 0U);
    EXPECT_EQ(cache.find(0), 0U); // nobody's root
    cache.put(root, 7);
    EXPECT_EQ(cache.find(root), 7U);
    EXPECT_EQ(cache.find(root | 0x18), 0U); // other cache bits: another value of CR3
    cache.put(same_place, 8);
    EXPECT_EQ(cache.find(root), 0U);
    EXPECT_EQ(cache.find(same_place), 8U);
    cache.forget(same_place);
    EXPECT_EQ(cache.find(same_place), 0U);
}

} // namespace
} // namespace hv::test
