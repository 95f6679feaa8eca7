#include "hypervisor/boot/chipset.h"

#include "hypervisor/boot/acpi/fixed_hardware.h"
#include "hypervisor/boot/acpi/memory_configuration.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/registers/pci_configuration.h"

namespace hv {

namespace {

using Function = std::uint32_t; ///< as GuardedRegisters has it

constexpr Function function(std::uint32_t device, std::uint32_t number) {
    return device << 11 | number << 8;
}

void select(Function function, std::uint32_t offset) {
    cpu::write_port32(pci_configuration_address,
                      pci_address::enabled | function | (offset & pci_address::register_mask));
}

std::uint32_t read32(Function function, std::uint32_t offset) {
    select(function, offset);
    return cpu::read_port32(pci_configuration_data);
}

std::uint8_t read8(Function function, std::uint32_t offset) {
    return static_cast<std::uint8_t>(read32(function, offset) >> 8 * (offset & 3));
}

void write8(Function function, std::uint32_t offset, std::uint8_t value) {
    select(function, offset);
    cpu::write_port8(static_cast<std::uint16_t>(pci_configuration_data + (offset & 3)), value);
}

// Vendor and device, as register 0 has them.
constexpr std::uint32_t i440fx_host_bridge = 0x12378086;
constexpr std::uint32_t q35_host_bridge = 0x29C08086;
constexpr std::uint32_t piix4_power_management = 0x71138086;
constexpr std::uint32_t ich9_lpc_bridge = 0x29188086;
constexpr std::uint32_t nothing = 0xFFFFFFFF;

/// Registers that move ACPI's ports or call the firmware in SMM.
struct PowerManagement {
    std::uint32_t device;
    std::uint8_t first;
    std::uint8_t last;
};
constexpr PowerManagement power_management[]{
    {piix4_power_management, 0x40, 0xFF}, // PMBASE, DEVACTB, PMREGMISC, SMBus
    {ich9_lpc_bridge, 0x40, 0x47},        // PMBASE, ACPI_CNTL
    {ich9_lpc_bridge, 0xA0, 0xAF},        // GEN_PMCON
    {ich9_lpc_bridge, 0xF0, 0xF3},        // RCBA
};

// SMRAM control of the host bridge: 0 where the bridge is not known.
std::uint8_t smram_control(std::uint32_t host_bridge) {
    switch (host_bridge) {
    case i440fx_host_bridge:
        return 0x72;
    case q35_host_bridge:
        return 0x9D;
    default:
        return 0;
    }
}

// Whoever can write to SMRAM runs in SMM, outside VMX operation, at the next SMI.
void lock_smram(Function bridge, std::uint8_t control) {
    constexpr std::uint8_t open = 1 << 6;
    constexpr std::uint8_t locked = 1 << 4;
    const std::uint8_t value = read8(bridge, control);
    write8(bridge, control, static_cast<std::uint8_t>((value & ~open) | locked));
    if ((read8(bridge, control) & (open | locked)) != locked)
        console::say("SMRAM cannot be locked: the guest's writes to the host bridge are dropped");
}

void guard(Chipset& chipset, const GuardedRegisters& registers) {
    if (chipset.guarded.size() == chipset.guarded.capacity())
        console::fail("the chipset has more functions that are to be guarded than expected");
    chipset.guarded.push_back(registers);
}

} // namespace

Chipset prepare_chipset(std::uint64_t rsdp, std::uint64_t readable_end) {
    Chipset chipset;
    chipset.selected = cpu::read_port32(pci_configuration_address);
    const FixedHardware hardware = find_fixed_hardware(rsdp, readable_end);
    chipset.acpi = hardware.ports;
    if (hardware.problem != nullptr)
        console::say("the guest may be able to put the machine to sleep: ", hardware.problem);
    constexpr Function host_bridge = function(0, 0);
    const std::uint32_t bridge = read32(host_bridge, 0);
    if (const std::uint8_t control = smram_control(bridge); control != 0)
        lock_smram(host_bridge, control);
    else
        console::say("SMRAM is left as the firmware has it: host bridge ", console::Hex{bridge},
                     " is not known");
    guard(chipset, {host_bridge, 0, 0xFF});
    for (std::uint32_t device = 0; device < 32; ++device) {
        for (std::uint32_t number = 0; number < 8; ++number) {
            const std::uint32_t found = read32(function(device, number), 0);
            if (found == nothing)
                continue;
            for (const PowerManagement& row : power_management)
                if (row.device == found)
                    guard(chipset, {function(device, number), row.first, row.last});
        }
    }
    if (const char* const problem = find_guarded_pages(chipset, rsdp, readable_end);
        problem != nullptr)
        console::say("the guest may be able to write to the chipset's configuration: ", problem);
    return chipset;
}

} // namespace hv
