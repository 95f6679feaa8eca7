// EPT, protected pages, the memory map, the guest's page tables and its memory.

#include "hypervisor/address_space/guest_physical_map.h"
#include "hypervisor/memory/guest_walk.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

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

class EptTest : public ::testing::Test {
  protected:
    Machine machine;
    Ept& ept = machine.machine().ept;
};

TEST_F(EptTest, SplitKeepsTheRest) {
    ASSERT_TRUE(ept.set_rights(0x201000, EptRights::read));
    EXPECT_EQ(ept.leaf(0x201000), 0x201000U | 1 | 6 << 3);
    EXPECT_EQ(ept.leaf(0x200000), 0x200000U | 7 | 6 << 3);
    EXPECT_EQ(ept.leaf(0x3FF000), 0x3FF000U | 7 | 6 << 3);
    EXPECT_EQ(ept.leaf(0x400000), 0x400000U | 7 | 6 << 3 | 1 << 7);
}

TEST_F(EptTest, WhatIsNotMappedCannotBeProtected) {
    EXPECT_FALSE(ept.set_rights(fake_ram_size, EptRights::read));
    EXPECT_EQ(ept.leaf(fake_ram_size), 0U);
    EXPECT_EQ(ept.leaf(std::uint64_t{1} << 45), 0U);
}

TEST_F(EptTest, RunsOutOfPagesWithoutHarm) {
    VirtualMachine& vm = machine.machine();
    while (vm.pages.take() != 0) {
    }
    EXPECT_FALSE(ept.set_rights(0x201000, EptRights::read));
    EXPECT_EQ(ept.leaf(0x201000), 0x200000U | 7 | 6 << 3 | 1 << 7);
    EXPECT_FALSE(ept.map(std::uint64_t{1} << 40, 0, EptRights::all, MemoryType::write_back));
}

TEST_F(EptTest, ProtectionIsCounted) {
    ProtectedPages& pages = machine.machine().protected_pages;
    ASSERT_TRUE(pages.protect(0x201234));
    EXPECT_TRUE(pages.take_rights_reduced());
    ASSERT_TRUE(pages.protect(0x201000));
    EXPECT_FALSE(pages.take_rights_reduced());
    pages.release(0x201000);
    EXPECT_TRUE(pages.contains(0x201FFF));
    pages.release(0x201000);
    EXPECT_FALSE(pages.contains(0x201000));
    EXPECT_EQ(ept.leaf(0x201000) & 7, 7U);
    EXPECT_FALSE(pages.protect(fake_ram_size)); // the monitor's memory
}

TEST_F(EptTest, AllOfTheGuestsPagesCanBeProtected) {
    VirtualMachine& vm = machine.machine();
    for (const PhysicalRange& range : vm.ram.ranges())
        for (std::uint64_t gpa = range.begin; gpa < range.end; gpa += page_size)
            ASSERT_TRUE(vm.protected_pages.protect(gpa));
    EXPECT_EQ(ept.leaf(fake_ram_size - 1) & 7, 5U);
    EXPECT_FALSE(vm.protected_pages.protect(0xA0000)); // a hole, where devices lie
}

TEST_F(EptTest, ReasonsForProtectionAreBounded) {
    ProtectedPages& pages = machine.machine().protected_pages;
    for (std::uint32_t n = 0; n < 0xFFFF; ++n)
        ASSERT_TRUE(pages.protect(0x201000));
    EXPECT_FALSE(pages.protect(0x201000)); // would be none after one more
    EXPECT_EQ(ept.leaf(0x201000) & 7, 5U);
}

TEST_F(EptTest, TheGuestPhysicalMapLeavesTheMonitorOut) {
    VirtualMachine& vm = machine.machine();
    vm.ept = Ept{vm.pages};
    vm.capabilities.ept_vpid.raw |= 1 << 16; // 2 MiB pages
    Mtrrs mtrrs;
    mtrrs.default_type = 1 << 11 | 6; // enabled, write-back
    build_guest_physical_map(vm, mtrrs, fake_memory_size);
    for (std::uint64_t gpa = vm.monitor.begin; gpa < vm.monitor.end; gpa += page_size)
        ASSERT_EQ(vm.ept.leaf(gpa), 0U);
    EXPECT_EQ(vm.ept.leaf(0x200000), 0x200000U | 7 | 6 << 3 | 1 << 7);
    map_rom(vm, 0x300000, page_size);
    make_views(vm);
    map_vcpu_area(vm, 0, 0x400000);
    map_statistics(vm, 0, 0x500000);
    EXPECT_EQ(vm.ept.leaf(abi::rom_base), 0x300000U | 5 | 6 << 3);        // not writable
    EXPECT_EQ(vm.ept.leaf(abi::vcpu_area_base), 0x400000U | 3 | 6 << 3);  // not executable
    EXPECT_EQ(vm.ept.leaf(abi::statistics_base), 0x500000U | 1 | 6 << 3); // neither
}

class GuestWalk : public ::testing::Test {
  protected:
    Machine machine;
    GuestMemory& memory = machine.machine().memory;
    std::uint64_t root = machine.make_root();

    /// Eight bytes, 1 to 8.
    GuestWrite write(std::uint64_t linear, bool user) {
        constexpr std::uint8_t bytes[8]{1, 2, 3, 4, 5, 6, 7, 8};
        return write_guest_linear(memory, machine.machine().frames, root, linear, bytes, 8, user);
    }
};

TEST_F(GuestWalk, FindsPages) {
    const auto page = walk_guest(memory, root, Machine::linear_base + 0x123456);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->gpa, 0x123456U);
    EXPECT_TRUE(page->writable);
    EXPECT_FALSE(page->user);
}

TEST_F(GuestWalk, LargePages) {
    const std::uint64_t pointers = machine.take_guest_page();
    const std::uint64_t directory = machine.take_guest_page();
    machine.word(root) = pointers | 7;
    machine.word(pointers) = directory | 7;
    machine.word(pointers + 8) = 0x40000000 | 0x87; // 1 GiB
    machine.word(directory + 8) = 0x600000 | 0x81;  // 2 MiB, read-only
    EXPECT_EQ(walk_guest(memory, root, 0x212345)->gpa, 0x612345U);
    EXPECT_FALSE(walk_guest(memory, root, 0x212345)->writable);
    EXPECT_EQ(walk_guest(memory, root, 0x40000000 + 0x1234567)->gpa, 0x41234567U);
}

TEST_F(GuestWalk, NothingWhereThereIsNothing) {
    EXPECT_FALSE(walk_guest(memory, root, 0x800000000000));          // not canonical
    EXPECT_FALSE(walk_guest(memory, root, 0x1000));                  // not present
    EXPECT_FALSE(walk_guest(memory, fake_ram_size, 0x1000));         // root in the monitor's memory
    EXPECT_FALSE(walk_guest(memory, ~std::uint64_t{0xFFF}, 0x1000)); // root beyond all memory
    machine.word(root) = fake_ram_size | 7;                          // a table there
    EXPECT_FALSE(walk_guest(memory, root, 0x1000));
}

TEST_F(GuestWalk, TablesThatLoopEnd) {
    machine.word(root) = root | 7; // every level is the root
    const auto page = walk_guest(memory, root, 0);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->gpa, root);
}

TEST_F(GuestWalk, ReadsAndWritesAcrossPages) {
    // Two linear neighbours that are far apart in memory.
    const std::uint64_t first = machine.take_guest_page();
    machine.take_guest_page();
    const std::uint64_t second = machine.take_guest_page();
    machine.map(root, 0x10000, first, 7);
    machine.map(root, 0x11000, second, 7);
    ASSERT_EQ(write(0x10FFC, true), GuestWrite::done);
    EXPECT_EQ(machine.word(first + 0xFF8) >> 32, 0x04030201U);
    EXPECT_EQ(machine.word(second), 0x08070605U);
    std::uint8_t read[8]{};
    ASSERT_TRUE(read_guest_linear(memory, root, 0x10FFC, read, 8));
    for (std::uint8_t index = 0; index < 8; ++index)
        EXPECT_EQ(read[index], index + 1);
}

TEST_F(GuestWalk, WritesNothingUnlessAllCanBeWritten) {
    const std::uint64_t first = machine.take_guest_page();
    machine.map(root, 0x10000, first, 7);
    EXPECT_EQ(write(0x10FFC, false), GuestWrite::not_mapped); // the next page is not
    EXPECT_EQ(machine.word(first + 0xFF8), 0U);
    machine.map(root, 0x10000, first, 5); // read-only
    EXPECT_EQ(write(0x10000, false), GuestWrite::not_mapped);
    machine.map(root, 0x10000, first, 3); // supervisor
    EXPECT_EQ(write(0x10000, true), GuestWrite::not_mapped);
    EXPECT_EQ(write(0x10000, false), GuestWrite::done);
    ASSERT_TRUE(machine.machine().protected_pages.protect(first));
    EXPECT_EQ(write(0x10000, false), GuestWrite::protected_page);
    machine.machine().protected_pages.release(first);
    std::uint8_t code[15]{};
    EXPECT_EQ(fetch_guest_code(memory, root, 0x10FFB, code, 15), 5U); // as far as there is code
}

} // namespace
} // namespace hv::test
