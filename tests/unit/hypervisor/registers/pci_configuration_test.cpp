// Selecting guarded registers on one vCPU while others run. What may be written then:
// exit_policy_test.cpp.

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

} // namespace
} // namespace hv::test
