// The memory type of pages from MTRRs: precedence and overlap rules of SDM vol. 3, 12.11.4.1.

#include "hypervisor/memory/memory_type.h"

#include <gtest/gtest.h>

#include <map>

namespace hv {
namespace {

constexpr std::uint64_t mebibyte = 0x100000;
constexpr std::uint64_t large_page = 2 * mebibyte;
constexpr unsigned physical_address_width = 40;

constexpr std::uint64_t encoded(MemoryType type) { return static_cast<std::uint64_t>(type); }

// E set, FE clear, eight variable ranges, none valid.
Mtrrs enabled(MemoryType default_type) {
    Mtrrs mtrrs;
    mtrrs.capability = 8 | 1 << 8;
    mtrrs.default_type = 1 << 11 | encoded(default_type);
    return mtrrs;
}

// A power-of-two range at a multiple of its size, as firmware programs it.
VariableMtrr range(std::uint64_t base, std::uint64_t size, MemoryType type) {
    const std::uint64_t address_bits = (std::uint64_t{1} << physical_address_width) - 1;
    return {base | encoded(type), (~(size - 1) & address_bits) | 1 << 11};
}

TEST(MemoryType, DisabledMtrrsMakeAllMemoryUncacheable) {
    Mtrrs mtrrs = enabled(MemoryType::write_back);
    mtrrs.default_type &= ~std::uint64_t{1 << 11};
    mtrrs.variable[0] = range(0, large_page, MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0), MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 0), MemoryType::uncacheable);
}

TEST(MemoryType, DefaultTypeWhereNoRangeMatches) {
    const Mtrrs mtrrs = enabled(MemoryType::write_through);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x12345000), MemoryType::write_through);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 0x12200000), MemoryType::write_through);
}

TEST(MemoryType, VariableRangeCoversItsPagesAndNoOthers) {
    Mtrrs mtrrs = enabled(MemoryType::uncacheable);
    mtrrs.variable[3] = range(0x40000000, 0x10000000, MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x3FFFF000), MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x40000000), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x4FFFFFFF), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x50000000), MemoryType::uncacheable);
}

TEST(MemoryType, RangeThatIsNotValidOrNotCountedIsIgnored) {
    Mtrrs mtrrs = enabled(MemoryType::uncacheable);
    mtrrs.variable[0] = range(0, large_page, MemoryType::write_back);
    mtrrs.variable[0].mask &= ~std::uint64_t{1 << 11};
    mtrrs.variable[8] = range(0, large_page, MemoryType::write_back); // VCNT is 8: 0 to 7
    EXPECT_EQ(memory_type_of_page(mtrrs, 0), MemoryType::uncacheable);
}

TEST(MemoryType, OverlapRules) {
    using enum MemoryType;
    const struct {
        MemoryType first, second, result;
    } rows[] = {
        {write_back, write_back, write_back},        {write_back, uncacheable, uncacheable},
        {write_combining, uncacheable, uncacheable}, {write_through, write_back, write_through},
        {write_combining, write_back, uncacheable}, // undefined by the manual
        {write_protected, write_back, uncacheable}, // undefined by the manual
    };
    for (const auto& row : rows) {
        for (const bool swapped : {false, true}) {
            Mtrrs mtrrs = enabled(write_protected);
            mtrrs.variable[0] = range(0, large_page, swapped ? row.second : row.first);
            mtrrs.variable[1] = range(0, large_page, swapped ? row.first : row.second);
            EXPECT_EQ(memory_type_of_page(mtrrs, 0x1000), row.result)
                << name(row.first) << " and " << name(row.second);
        }
    }
}

TEST(MemoryType, FixedRangesDecideBelowOneMebibyteWhenEnabled) {
    Mtrrs mtrrs = enabled(MemoryType::uncacheable);
    mtrrs.variable[0] = range(0, large_page, MemoryType::write_through);
    mtrrs.fixed[0] = 0x0606060606060606;
    mtrrs.fixed[0] = (mtrrs.fixed[0] & ~std::uint64_t{0xFF00}) | 0x0400; // 0x10000 to 0x1FFFF
    mtrrs.fixed[2] = std::uint64_t{0x01} << 56;                          // 0xBC000 to 0xBFFFF
    mtrrs.fixed[10] = std::uint64_t{0x05} << 56;                         // 0xFF000
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x10000), MemoryType::write_through) << "FE is clear";

    mtrrs.default_type |= 1 << 10;
    EXPECT_EQ(memory_type_of_page(mtrrs, 0xFFFF), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x10000), MemoryType::write_through);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x20000), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0xBBFFF), MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0xBC000), MemoryType::write_combining);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0xFEFFF), MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0xFF000), MemoryType::write_protected);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x100000), MemoryType::write_through);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 0), std::nullopt);

    mtrrs.capability &= ~std::uint64_t{1 << 8};
    EXPECT_EQ(memory_type_of_page(mtrrs, 0xFF000), MemoryType::write_through) << "no FIX";
}

TEST(MemoryType, LargePageWithUniformFixedRangesIsUniform) {
    Mtrrs mtrrs = enabled(MemoryType::write_back);
    mtrrs.default_type |= 1 << 10;
    mtrrs.fixed.fill(0x0606060606060606);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 0), MemoryType::write_back);
}

TEST(MemoryType, LargePageCutByAVariableRange) {
    Mtrrs mtrrs = enabled(MemoryType::write_back);
    mtrrs.variable[0] = range(large_page + mebibyte, 0x1000, MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 0), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, large_page), std::nullopt);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 2 * large_page), MemoryType::write_back);
    // Cut, yet all of one type.
    mtrrs.variable[0] = range(large_page + mebibyte, 0x1000, MemoryType::write_back);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, large_page), MemoryType::write_back);
    // The page after it does not belong to it.
    mtrrs.variable[1] = range(2 * large_page, large_page, MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, large_page), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 2 * large_page), MemoryType::uncacheable);
}

TEST(MemoryType, MaskWithHolesBelowTwoMebibytes) {
    Mtrrs mtrrs = enabled(MemoryType::write_back);
    // Every second page, in all of memory.
    mtrrs.variable[0] = {0x1000 | encoded(MemoryType::uncacheable), 0x1000 | 1 << 11};
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x8000), MemoryType::write_back);
    EXPECT_EQ(memory_type_of_page(mtrrs, 0x9000), MemoryType::uncacheable);
    EXPECT_EQ(memory_type_of_large_page(mtrrs, 0x40000000), std::nullopt);
}

TEST(MemoryType, LargePageAgreesWithItsPages) {
    Mtrrs mtrrs = enabled(MemoryType::uncacheable);
    mtrrs.default_type |= 1 << 10;
    mtrrs.fixed.fill(0x0606060606060606);
    mtrrs.variable[0] = range(0, 0x1000000, MemoryType::write_back);
    mtrrs.variable[1] = range(0x700000, 0x40000, MemoryType::write_combining);
    mtrrs.variable[2] = range(0x900000, mebibyte, MemoryType::write_through);
    for (std::uint64_t page = 0; page < 0x1400000; page += large_page) {
        std::map<MemoryType, int> types;
        for (std::uint64_t offset = 0; offset < large_page; offset += 0x1000)
            ++types[memory_type_of_page(mtrrs, page + offset)];
        const auto whole = memory_type_of_large_page(mtrrs, page);
        EXPECT_EQ(whole.has_value(), types.size() == 1) << std::hex << page;
        if (whole) {
            EXPECT_EQ(*whole, types.begin()->first) << std::hex << page;
        }
    }
}

TEST(MemoryType, ReadsExactlyTheRegistersThatExist) {
    std::map<Msr, int> reads;
    const auto read = [&](Msr msr) {
        ++reads[msr];
        return msr == Msr::ia32_mtrrcap ? std::uint64_t{2} : std::uint64_t{number(msr)};
    };
    const Mtrrs mtrrs = read_mtrrs(read);
    EXPECT_EQ(reads.size(), 6U); // capability, default type, two pairs; no fixed ranges
    EXPECT_EQ(mtrrs.variable[1].base, 0x202U);
    EXPECT_EQ(mtrrs.variable[1].mask, 0x203U);

    const Mtrrs with_fixed = read_mtrrs([](Msr msr) {
        return msr == Msr::ia32_mtrrcap ? std::uint64_t{1 << 8} : std::uint64_t{number(msr)};
    });
    EXPECT_EQ(with_fixed.fixed[0], 0x250U);
    EXPECT_EQ(with_fixed.fixed[10], 0x26FU);
}

} // namespace
} // namespace hv
