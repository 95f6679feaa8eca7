#pragma once
// The guest's accesses to PCI configuration space by mechanism #1 (PCI Local Bus specification 3.0,
// 3.2.2.3.2): registers that are guarded (vcpu/chipset.h) can be read and not written. The address
// register always exits; the data ports exit only while it selects guarded registers.

#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

/// The address register, 32 bits wide, and the first of the four data ports.
inline constexpr std::uint16_t pci_configuration_address = 0xCF8;
inline constexpr std::uint16_t pci_configuration_data = 0xCFC;

/// The address register: a function of bus 0 to 255, and which four of its registers the data ports
/// reach.
namespace pci_address {
inline constexpr std::uint32_t enabled = std::uint32_t{1} << 31;
inline constexpr std::uint32_t function_mask = 0x00FFFF00;
inline constexpr std::uint32_t register_mask = 0xFC;
} // namespace pci_address

constexpr bool is_pci_data_port(std::uint16_t port) {
    return port >= pci_configuration_data && port < pci_configuration_data + 4;
}

/// Selects what was selected before the monitor began, for the guest to read. No vCPU may run yet.
void restore_pci_selection(VirtualMachine& machine);

/// OUT of 4 bytes to the address register.
void select_pci_registers(Vcpu& vcpu, std::uint32_t address);

/// OUT to a data port that exits: whether it may be carried out. The page tables stay locked, so
/// that no other vCPU selects other registers meanwhile.
bool may_write_pci_data(Vcpu& vcpu);

} // namespace hv
