#include "hypervisor/registers/port_policy.h"

#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/registers/pci_configuration.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/resume.h"
#include "shared/console.h"

#include <array>
#include <string_view>

namespace hv {

namespace {

constexpr std::array trapped_ports{
    keyboard_controller_command,       system_control_a,    reset_control,
    advanced_power_management_control, abi::qemu_exit_port, abi::bochs_exit_port};

// Commands of the keyboard controller. 0xF0 to 0xFF pulse those lines of its output port whose bits
// are 0 for some microseconds: bit 0 is the processor's reset.
constexpr std::uint8_t first_pulse = 0xF0;
constexpr std::uint8_t no_reset_pulse = 1;
constexpr std::uint8_t write_output_port = 0xD1;
constexpr std::uint8_t disable_a20 = 0xDD;
constexpr std::uint8_t harmless_no_operation = 0xFF;
// Bits of system control port A.
constexpr std::uint8_t fast_reset = 1;
constexpr std::uint8_t a20_enable = 2;
// The bit of the reset-control register that resets.
constexpr std::uint8_t reset_processor = 4;
// SLP_EN in PM1_CNT and in the sleep-control register (ACPI 6.5, 4.8.3.2.1 and 4.8.3.7).
constexpr std::uint32_t sleep_enable = 1 << 13;
constexpr std::uint8_t sleep_control_enable = 1 << 5;

[[noreturn]] void reset(Vcpu& vcpu, std::uint16_t port) {
    console::say("the guest has reset the machine: port ", console::Hex{port});
    end_of_guest(vcpu, abi::reset_status);
}

// Where a guest wakes up there is no monitor.
[[noreturn]] void sleep(Vcpu& vcpu, std::uint16_t port) {
    console::say("the guest has put the machine to sleep, or switched it off: port ",
                 console::Hex{port});
    end_of_guest(vcpu, abi::sleep_status);
}

// Bochs ends at the last letter of the word. Other letters of the word do not matter in between;
// any other byte begins it anew.
void spell_shutdown(Vcpu& vcpu, std::uint8_t byte) {
    std::uint32_t& letters = vcpu.machine->shutdown_letters;
    const std::uint32_t spelled = __atomic_load_n(&letters, __ATOMIC_RELAXED);
    const auto letter = static_cast<char>(byte);
    if (letter != abi::bochs_exit_word[spelled]) {
        if (abi::bochs_exit_word.find(letter) == std::string_view::npos)
            __atomic_store_n(&letters, 0, __ATOMIC_RELAXED);
        return;
    }
    if (spelled + 1 == abi::bochs_exit_word.size()) {
        console::say(abi::shutdown_text);
        end_of_guest(vcpu, abi::shutdown_status);
    }
    __atomic_store_n(&letters, spelled + 1, __ATOMIC_RELAXED);
}

void command_keyboard_controller(Vcpu& vcpu, std::uint8_t command) {
    if (command >= first_pulse && (command & no_reset_pulse) == 0)
        reset(vcpu, keyboard_controller_command);
    if (command == write_output_port || command == disable_a20)
        command = harmless_no_operation;
    cpu::write_port8(keyboard_controller_command, command);
}

// In SMM the firmware does anything for whoever calls it; only what ACPI needs is let through.
void call_firmware(Vcpu& vcpu, std::uint16_t port, std::uint8_t value) {
    const AcpiPorts& acpi = vcpu.machine->chipset.acpi;
    if (port == acpi.smi_command && (value == acpi.acpi_enable || value == acpi.acpi_disable))
        return cpu::write_port8(port, value);
    name_refusal(vcpu, abi::Error::bad_value, "SMI by port", port);
}

// A byte for a port that exits. For the second port of PM1_CNT, value bits 15:8.
void write_byte(Vcpu& vcpu, std::uint16_t port, std::uint8_t value) {
    const AcpiPorts& acpi = vcpu.machine->chipset.acpi;
    for (const std::uint16_t control : acpi.power_management_control) {
        if (control == 0 || (port != control && port != control + 1))
            continue;
        if (port == control + 1 && (value & sleep_enable >> 8) != 0)
            sleep(vcpu, port);
        return cpu::write_port8(port, value);
    }
    if (port == acpi.sleep_control && port != 0) {
        if ((value & sleep_control_enable) != 0)
            sleep(vcpu, port);
        return cpu::write_port8(port, value);
    }
    if (port == acpi.smi_command && port != 0)
        return call_firmware(vcpu, port, value);
    if (port == reset_control && (value & reset_processor) == 0)
        return;
    if (port == reset_control || (port == acpi.reset && port != 0))
        reset(vcpu, port);
    switch (port) {
    case advanced_power_management_control:
        return call_firmware(vcpu, port, value);
    case abi::qemu_exit_port:
        end_of_guest(vcpu, value);
    case abi::bochs_exit_port:
        return spell_shutdown(vcpu, value);
    case keyboard_controller_command:
        return command_keyboard_controller(vcpu, value);
    case system_control_a:
        if ((value & fast_reset) != 0)
            reset(vcpu, port);
        return cpu::write_port8(port, static_cast<std::uint8_t>(value | a20_enable));
    default:
        return; // PCI's address register takes no bytes
    }
}

void write_whole(std::uint16_t port, std::uint32_t size, std::uint32_t value) {
    switch (size) {
    case 1:
        return cpu::write_port8(port, static_cast<std::uint8_t>(value));
    case 2:
        return cpu::write_port16(port, static_cast<std::uint16_t>(value));
    default:
        return cpu::write_port32(port, value);
    }
}

// Registers that a chipset does not take byte by byte. Returns whether the access was one to them.
bool write_wide(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value) {
    if (port == pci_configuration_address && size == 4) {
        select_pci_registers(vcpu, value);
        return true;
    }
    if (is_pci_data_port(port) && is_pci_data_port(static_cast<std::uint16_t>(port + size - 1))) {
        if (may_write_pci_data(vcpu))
            write_whole(port, size, value);
        else
            name_refusal(vcpu, abi::Error::bad_value, "PCI configuration of",
                         vcpu.machine->pci.address);
        return true;
    }
    for (const std::uint16_t control : vcpu.machine->chipset.acpi.power_management_control) {
        if (control == 0 || port != control || size != 2)
            continue;
        if ((value & sleep_enable) != 0)
            sleep(vcpu, port);
        write_whole(port, size, value);
        return true;
    }
    return false;
}

// Whether an access exits; one that wraps always does (SDM vol. 3, 26.1.3).
bool exits(const VirtualMachine& machine, std::uint16_t port, std::uint32_t size) {
    for (std::uint32_t byte = port; byte < port + size; ++byte) {
        if (byte > 0xFFFF ||
            (direct_word<std::uint8_t>(machine.io_bitmaps + byte / 8) >> byte % 8 & 1) != 0)
            return true;
    }
    return false;
}

} // namespace

void fill_io_bitmaps(std::uint64_t physical, const AcpiPorts& acpi) {
    const auto trap = [physical](std::uint16_t port) {
        volatile std::uint8_t& byte = direct_word<std::uint8_t>(physical + port / 8);
        byte = static_cast<std::uint8_t>(byte | 1U << port % 8);
    };
    for (const std::uint16_t port : trapped_ports)
        trap(port);
    for (std::uint16_t port = pci_configuration_address; port < pci_configuration_data; ++port)
        trap(port);
    for (const std::uint16_t port : {acpi.sleep_control, acpi.reset, acpi.smi_command})
        if (port != 0)
            trap(port);
    for (const std::uint16_t port : acpi.power_management_control) {
        if (port == 0)
            continue;
        trap(port);
        trap(static_cast<std::uint16_t>(port + 1));
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

std::uint32_t input_from_port(Vcpu&, std::uint16_t port, std::uint32_t size) {
    return read_guest_port(port, size);
}

void output_to_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value) {
    if (exits(*vcpu.machine, port, size))
        write_guest_port(vcpu, port, size, value);
    else
        write_whole(port, size, value);
}

void write_guest_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value) {
    if (!write_wide(vcpu, port, size, value))
        write_byte(vcpu, port, static_cast<std::uint8_t>(value));
}

} // namespace hv
