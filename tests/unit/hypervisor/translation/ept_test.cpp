// EPT, protected pages, and what the guest finds in its physical memory.

#include "hypervisor/address_space/guest_physical_map.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

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
    Translation& pages = machine.machine().translation;
    StaleTranslations& stale = machine.machine().stale;
    ASSERT_EQ(pages.protect(0x201234), abi::Error::none);
    EXPECT_TRUE(stale.take().by_monitor);
    ASSERT_EQ(pages.protect(0x201000), abi::Error::none);
    EXPECT_FALSE(stale.take().by_monitor);
    pages.release(0x201000);
    EXPECT_TRUE(pages.is_protected(0x201FFF));
    pages.release(0x201000);
    EXPECT_FALSE(pages.is_protected(0x201000));
    EXPECT_EQ(ept.leaf(0x201000) & 7, 7U);
    EXPECT_NE(pages.protect(fake_ram_size), abi::Error::none); // the monitor's memory
}

TEST_F(EptTest, AllOfTheGuestsPagesCanBeProtected) {
    VirtualMachine& vm = machine.machine();
    for (const PhysicalRange& range : vm.ram.ranges())
        for (std::uint64_t gpa = range.begin; gpa < range.end; gpa += page_size)
            ASSERT_EQ(vm.translation.protect(gpa), abi::Error::none);
    EXPECT_EQ(ept.leaf(fake_ram_size - 1) & 7, 5U);
    EXPECT_NE(vm.translation.protect(0xA0000), abi::Error::none); // a hole, where devices lie
}

TEST_F(EptTest, ReasonsForProtectionAreBounded) {
    Translation& pages = machine.machine().translation;
    for (std::uint32_t n = 0; n < 0xFFFF; ++n)
        ASSERT_EQ(pages.protect(0x201000), abi::Error::none);
    EXPECT_NE(pages.protect(0x201000), abi::Error::none); // would be none after one more
    EXPECT_EQ(ept.leaf(0x201000) & 7, 5U);
}

TEST_F(EptTest, GuardedConfigurationSpaceIsReadOnly) {
    VirtualMachine& vm = machine.machine();
    vm.ept = Ept{vm.pages};
    vm.capabilities.ept_vpid.raw |= 1 << 16; // 2 MiB pages
    Mtrrs mtrrs;
    mtrrs.default_type = 1 << 11;
    constexpr std::uint64_t end = 0x800000;
    vm.chipset.guarded_pages = {0x600000, 0x6F8000, end};
    build_guest_physical_map(vm, mtrrs, end);
    protect_configuration_space(vm, end);
    make_views(vm);
    EXPECT_EQ(vm.ept.leaf(0x600000), 0x600000U | 1);
    EXPECT_EQ(vm.ept.leaf(0x6F8000), 0x6F8000U | 1);
    EXPECT_EQ(vm.ept.leaf(0x601000), 0x601000U | 7);
    EXPECT_EQ(vm.ept.leaf(end), 0U);
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

} // namespace
} // namespace hv::test
