// The walker of the guest's page tables, in the three paging modes.

#include "hypervisor/memory/paging_walk.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

class PagingWalk : public ::testing::Test {
  protected:
    Machine machine;
    GuestMemory& memory = machine.machine().memory;
    std::uint64_t root = machine.take_guest_page();
    std::uint64_t second = machine.take_guest_page();
    std::uint64_t first = machine.take_guest_page();
    PagingFeatures features{.physical_address_bits = 40, .gigabyte_pages = true};

    template <typename Mode>
    PageWalk walk(std::uint64_t linear) {
        return walk_pages<Mode>(memory, root, linear, features);
    }
    std::uint32_t& word32(std::uint64_t gpa) {
        return *reinterpret_cast<std::uint32_t*>(direct_pointer(gpa));
    }
};

TEST_F(PagingWalk, FourLevelsTellEachStep) {
    const std::uint64_t third = machine.take_guest_page();
    machine.word(root + 8) = third | 7;
    machine.word(third + 16) = second | 7;
    machine.word(second + 24) = first | 7;
    machine.word(first + 32) = 0x123000 | 7;
    const PageWalk found = walk<FourLevelPaging>(0x80'8060'4567);
    EXPECT_EQ(found.end, WalkEnd::mapped);
    EXPECT_EQ(found.gpa, 0x123567U);
    EXPECT_EQ(found.step[4].address, root + 8);
    EXPECT_EQ(found.step[1].address, first + 32);
    EXPECT_EQ(found.step[1].entry, 0x123007U);
}

TEST_F(PagingWalk, LargePagesOfFourLevels) {
    machine.word(root) = second | 7;
    machine.word(second) = 0x40000000 | 0x87; // 1 GiB
    EXPECT_EQ(walk<FourLevelPaging>(0x1234567).gpa, 0x41234567U);
    machine.word(second) |= 1 << 12; // PAT
    EXPECT_EQ(walk<FourLevelPaging>(0x1234567).gpa, 0x41234567U);
    machine.word(second) |= 1 << 13;
    EXPECT_EQ(walk<FourLevelPaging>(0x1234567).end, WalkEnd::reserved);
    machine.word(second) = first | 7;
    machine.word(first + 8) = 0x600000 | 0x87; // 2 MiB
    EXPECT_EQ(walk<FourLevelPaging>(0x212345).gpa, 0x612345U);
    machine.word(first + 8) |= 1 << 20;
    EXPECT_EQ(walk<FourLevelPaging>(0x212345).end, WalkEnd::reserved);
}

TEST_F(PagingWalk, ReservedBitsFollowTheProcessor) {
    machine.word(root) = second | 0x87; // PS of the top level
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::reserved);
    machine.word(root) = second | 7;
    machine.word(second) = 0x87;
    features.gigabyte_pages = false;
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::reserved);
    machine.word(second) = std::uint64_t{1} << 40 | 7; // beyond MAXPHYADDR
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::reserved);
    machine.word(second) = first | 7 | paging::execute_disable;
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::not_present); // in `first`
    features.execute_disable = false;
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::reserved);
    EXPECT_EQ(walk<FourLevelPaging>(0).level, 3);
    machine.word(second) = ~std::uint64_t{1}; // not present: all other bits are free
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::not_present);
}

TEST_F(PagingWalk, RightsAreThoseOfAllEntriesTogether) {
    const std::uint64_t third = machine.take_guest_page();
    std::uint64_t* const entries[]{&machine.word(root), &machine.word(third), &machine.word(second),
                                   &machine.word(first)};
    const auto set_all = [&] {
        *entries[0] = third | 7;
        *entries[1] = second | 7;
        *entries[2] = first | 7;
        *entries[3] = 0x123007;
    };
    for (std::uint64_t* const entry : entries) {
        set_all();
        EXPECT_FALSE(walk<FourLevelPaging>(0).forbids(
            fault_code::user | fault_code::write | fault_code::fetch, true));
        *entry &= ~paging::writable;
        EXPECT_TRUE(walk<FourLevelPaging>(0).forbids(fault_code::write, true));
        EXPECT_FALSE(walk<FourLevelPaging>(0).forbids(fault_code::write, false)); // CR0.WP clear
        EXPECT_TRUE(walk<FourLevelPaging>(0).forbids(fault_code::write | fault_code::user, false));
        set_all();
        *entry &= ~paging::user;
        EXPECT_TRUE(walk<FourLevelPaging>(0).forbids(fault_code::user, true));
        EXPECT_FALSE(walk<FourLevelPaging>(0).forbids(0, true));
        set_all();
        *entry |= paging::execute_disable;
        EXPECT_TRUE(walk<FourLevelPaging>(0).forbids(fault_code::fetch, true));
        EXPECT_FALSE(walk<FourLevelPaging>(0).forbids(0, true));
    }
}

TEST_F(PagingWalk, TablesOutsideOfMemory) {
    machine.word(root) = fake_ram_size | 7;
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::no_memory);
    machine.word(root) = 0xA0000 | 7; // a device
    EXPECT_EQ(walk<FourLevelPaging>(0).end, WalkEnd::no_memory);
    machine.word(root) = root | 7; // loops end
    EXPECT_EQ(walk<FourLevelPaging>(0).gpa, root);
}

TEST_F(PagingWalk, Pae) {
    machine.word(root + 8) = second | 1; // no rights in the top level
    machine.word(second) = first | 7;
    machine.word(first + 8) = 0x55000 | 7;
    PageWalk found = walk<PaePaging>(0x40001234);
    EXPECT_EQ(found.end, WalkEnd::mapped);
    EXPECT_EQ(found.gpa, 0x55234U);
    EXPECT_TRUE(found.writable && found.user && found.executable);
    machine.word(second + 8) = 0x600000 | 0x85; // 2 MiB, read-only
    found = walk<PaePaging>(0x40212345);
    EXPECT_EQ(found.gpa, 0x612345U);
    EXPECT_FALSE(found.writable);
    machine.word(root + 8) = second | 3; // R/W is reserved there
    EXPECT_EQ(walk<PaePaging>(0x40001234).end, WalkEnd::reserved);
    machine.word(root + 8) = second | 1;
    machine.word(first + 8) = std::uint64_t{1} << 52 | 7;
    EXPECT_EQ(walk<PaePaging>(0x40001234).end, WalkEnd::reserved);
    EXPECT_EQ(walk<PaePaging>(0xC0000000).end, WalkEnd::not_present);
}

TEST_F(PagingWalk, ThirtyTwoBits) {
    word32(root + 4) = static_cast<std::uint32_t>(second | 7);
    word32(second + 8) = 0x55005;
    PageWalk found = walk<ThirtyTwoBitPaging>(0x402345);
    EXPECT_EQ(found.end, WalkEnd::mapped);
    EXPECT_EQ(found.gpa, 0x55345U);
    EXPECT_FALSE(found.writable);
    EXPECT_TRUE(found.executable);
    word32(root + 8) = 0x00C00083; // 4 MiB
    EXPECT_EQ(walk<ThirtyTwoBitPaging>(0x812345).gpa, 0xC12345U);
    word32(root + 8) |= 0xAB << 13; // PSE-36: bits 32 to 39
    EXPECT_EQ(walk<ThirtyTwoBitPaging>(0x812345).gpa, 0xAB00C12345U);
    word32(root + 8) |= 1 << 21;
    EXPECT_EQ(walk<ThirtyTwoBitPaging>(0x812345).end, WalkEnd::reserved);
}

} // namespace
} // namespace hv::test
