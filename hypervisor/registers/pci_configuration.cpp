#include "hypervisor/registers/pci_configuration.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/direct_map.h"

namespace hv {

namespace {

bool is_guarded(const Chipset& chipset, std::uint32_t address) {
    if ((address & pci_address::enabled) == 0)
        return false;
    // The ports reach the four registers from `first` on.
    const std::uint32_t first = address & pci_address::register_mask;
    for (const GuardedRegisters& guarded : chipset.guarded) {
        if ((address & pci_address::function_mask) == guarded.function &&
            first + 3 >= guarded.first && first <= guarded.last)
            return true;
    }
    return false;
}

void set_data_exiting(VirtualMachine& machine, bool exits) {
    constexpr std::uint32_t bits = 0xFU << pci_configuration_data % 8;
    machine.pci.data_exits = exits;
    volatile std::uint8_t& byte =
        direct_word<std::uint8_t>(machine.io_bitmaps + pci_configuration_data / 8);
    byte = static_cast<std::uint8_t>(exits ? byte | bits : byte & ~bits);
}

} // namespace

void restore_pci_selection(VirtualMachine& machine) {
    machine.pci.address = machine.chipset.selected;
    set_data_exiting(machine, is_guarded(machine.chipset, machine.pci.address));
    cpu::write_port32(pci_configuration_address, machine.pci.address);
}

void select_pci_registers(Vcpu& vcpu, std::uint32_t address) {
    lock_page_tables(vcpu);
    VirtualMachine& machine = *vcpu.machine;
    const bool exits = is_guarded(machine.chipset, address);
    if (exits && !machine.pci.data_exits) {
        set_data_exiting(machine, true);
        // Another vCPU may have passed the bitmap and not yet reached the port.
        ask_vcpus(vcpu, machine.every_vcpu_but(vcpu.number), request::leave_guest);
    }
    machine.pci.address = address;
    cpu::write_port32(pci_configuration_address, address);
    if (!exits && machine.pci.data_exits)
        set_data_exiting(machine, false);
}

bool may_write_pci_data(Vcpu& vcpu) {
    lock_page_tables(vcpu);
    return !is_guarded(vcpu.machine->chipset, vcpu.machine->pci.address);
}

} // namespace hv
