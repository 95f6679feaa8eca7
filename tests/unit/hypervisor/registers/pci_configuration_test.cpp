// Selecting guarded registers on one vCPU while others run, and what the guest finds selected. What
// may be written then: exit_policy_test.cpp.

#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/pci_configuration.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

// Another vCPU that has passed the I/O bitmap and not yet reached a data port must not write to
// what is selected next.
TEST(PciConfiguration, OthersLeaveTheGuestBetweenTheBitmapAndTheSelection) {
    HardenedMachine machine{3};
    VirtualMachine& vm = machine.machine();
    Vcpu& vcpu = machine.vcpu(0);
    vm.io_bitmaps = machine.take_guest_page();
    vm.chipset.guarded.push_back({0, 0, 0xFF});
    std::uint32_t kicks = 0;
    machine.before_kick = [&](Vcpu&) {
        ++kicks;
        EXPECT_EQ(*direct_pointer(vm.io_bitmaps + pci_configuration_data / 8) >> 4, 0xF);
        EXPECT_TRUE(machine.port_writes.empty());
    };
    select_pci_registers(vcpu, pci_address::enabled | 0x72);
    EXPECT_EQ(kicks, 2U);
    EXPECT_EQ(machine.port_writes.size(), 1U);
    select_pci_registers(vcpu, pci_address::enabled | 0x70); // the ports exit already
    EXPECT_EQ(kicks, 2U);
    settle(vcpu);
}

// The firmware of the emulated machine leaves 0x80000058: the host bridge, which is guarded.
TEST(PciConfiguration, TheGuestFindsWhatTheFirmwareHasSelected) {
    HardenedMachine machine;
    VirtualMachine& vm = machine.machine();
    vm.io_bitmaps = machine.take_guest_page();
    vm.chipset.guarded.push_back({0, 0, 0xFF});
    const std::uint8_t& data_ports = *direct_pointer(vm.io_bitmaps + pci_configuration_data / 8);
    for (const std::uint32_t selected : {pci_address::enabled | 0x58, pci_address::enabled | 0x800,
                                         std::uint32_t{0x58}, std::uint32_t{0}}) {
        vm.chipset.selected = selected;
        restore_pci_selection(vm);
        const bool guarded = selected == (pci_address::enabled | 0x58);
        EXPECT_EQ(data_ports >> 4, guarded ? 0xF : 0);
        EXPECT_EQ(vm.pci.data_exits, guarded);
        EXPECT_EQ(vm.pci.address, selected);
        ASSERT_FALSE(machine.port_writes.empty());
        EXPECT_EQ(machine.port_writes.back(), (std::pair{pci_configuration_address, selected}));
    }
}

} // namespace
} // namespace hv::test
