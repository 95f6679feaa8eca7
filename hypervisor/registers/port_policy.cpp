#include "hypervisor/registers/port_policy.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/run/end_of_guest.h"
#include "shared/console.h"

namespace hv {

namespace {

constexpr std::array trapped_ports{keyboard_controller_command, system_control_a, reset_control,
                                   abi::qemu_exit_port, abi::bochs_exit_port};

/// PCI configuration mechanism #1: the address register, 32 bits wide.
constexpr std::uint16_t pci_configuration_address = 0xCF8;

// Commands of the keyboard controller that reset the processor or switch the A20 line.
constexpr std::uint8_t pulse_reset = 0xFE;
constexpr std::uint8_t write_output_port = 0xD1;
constexpr std::uint8_t disable_a20 = 0xDD;
constexpr std::uint8_t harmless_no_operation = 0xFF;
// Bits of system control port A.
constexpr std::uint32_t fast_reset = 1;
constexpr std::uint32_t a20_enable = 2;
// The value of the reset-control register that resets.
constexpr std::uint32_t reset_processor = 4;

} // namespace

void fill_io_bitmaps(std::uint64_t physical) {
    for (const std::uint16_t port : trapped_ports) {
        volatile std::uint8_t& byte = direct_word<std::uint8_t>(physical + port / 8);
        byte = static_cast<std::uint8_t>(byte | 1U << port % 8);
    }
}

std::uint32_t read_guest_port(std::uint16_t port, std::uint32_t size) {
    switch (size) {
    case 1:
        return cpu::read_port8(port);
    case 2:
        return cpu::read_port16(port);
    default:
        return cpu::read_port32(port);
    }
}

void write_guest_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value) {
    switch (port) {
    case pci_configuration_address:
        // An access of 4 bytes is one to PCI's address register, and only overlaps reset_control.
        if (size == 4)
            cpu::write_port32(port, value);
        return;
    case abi::qemu_exit_port:
        end_of_guest(vcpu, value);
    case abi::bochs_exit_port:
        // The guest spells the word that ends Bochs; its first letter is enough.
        if (value == static_cast<std::uint8_t>(abi::bochs_exit_word.front()))
            end_of_guest(vcpu, 0);
        return;
    case keyboard_controller_command: {
        auto command = static_cast<std::uint8_t>(value);
        if (command == pulse_reset)
            end_of_guest(vcpu, 0);
        if (command == write_output_port || command == disable_a20)
            command = harmless_no_operation;
        cpu::write_port8(port, command);
        return;
    }
    case system_control_a:
        if ((value & fast_reset) != 0)
            end_of_guest(vcpu, 0);
        cpu::write_port8(port, static_cast<std::uint8_t>(value | a20_enable));
        return;
    case reset_control:
        if ((value & reset_processor) != 0)
            end_of_guest(vcpu, 0);
        return;
    default:
        return;
    }
}

} // namespace hv
