// The memory map: ranges of RAM, what is taken out of them, and room between them.

#include "hypervisor/memory/memory_map.h"

#include <gtest/gtest.h>

#include <vector>

namespace hv::test {
namespace {

TEST(MemoryMap, RangesThatWrapOrLeaveAreNotRam) {
    MemoryMap ram;
    ram.add({0x100000, 0x200000});
    EXPECT_TRUE(ram.is_ram(0x100000, 0x100000));
    EXPECT_FALSE(ram.is_ram(0x100000, 0x100001));
    EXPECT_FALSE(ram.is_ram(0xFFFFF, 2));
    EXPECT_FALSE(ram.is_ram(0x1FFFFF, ~std::uint64_t{0}));
    EXPECT_FALSE(ram.is_ram(~std::uint64_t{0}, 2));
}

TEST(MemoryMap, RemoveSplits) {
    MemoryMap ram;
    ram.add({0, 0x100000});
    EXPECT_TRUE(ram.remove({0x40000, 0x50000}));
    EXPECT_EQ(ram.ranges().size(), 2U);
    EXPECT_TRUE(ram.is_ram(0x3F000, 0x1000));
    EXPECT_FALSE(ram.is_ram(0x3F000, 0x1001));
    EXPECT_FALSE(ram.is_ram(0x40000, 1));
    EXPECT_TRUE(ram.is_ram(0x50000, 0xB0000));
    EXPECT_TRUE(ram.remove({0, 0x100000}));
    EXPECT_TRUE(ram.ranges().empty());
}

TEST(MemoryMap, FindHighestAvoidsWhatIsTaken) {
    MemoryMap ram;
    ram.add({0x100000, 0x1000000});
    const std::vector<PhysicalRange> taken{{0xF00000, 0xF01000}, {0xB00000, 0xC00000}};
    EXPECT_EQ(ram.find_highest(0x200000, 0x200000, ~std::uint64_t{0}, taken), 0xC00000U);
    EXPECT_EQ(ram.find_highest(0x10000, 0x1000, 0x800000, taken), 0x7F0000U);
    EXPECT_EQ(ram.find_highest(0x10000000, 0x1000, ~std::uint64_t{0}, taken), 0U);
}

} // namespace
} // namespace hv::test
