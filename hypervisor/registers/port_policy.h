#pragma once
// Which I/O ports exit: those that end, reset or put to sleep the machine, that call its firmware,
// that move such ports, or that reach the monitor through A20.

#include "hypervisor/vcpu/chipset.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// The ports that exit; the guest has all others.
inline constexpr std::uint16_t keyboard_controller_command = 0x64;
inline constexpr std::uint16_t system_control_a = 0x92;
inline constexpr std::uint16_t reset_control = 0xCF9;

/// The port by which PC chipsets call the firmware in SMM, beside the one that ACPI names.
inline constexpr std::uint16_t advanced_power_management_control = 0xB2;

/// Fills I/O bitmaps A and B (SDM vol. 3, 25.6.4), two pages at a physical address.
void fill_io_bitmaps(std::uint64_t physical, const AcpiPorts& acpi);

/// IN and OUT of `size` bytes (1, 2 or 4) to any ports, by an instruction that the monitor
/// interprets.
std::uint32_t input_from_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size);
void output_to_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value);

/// IN of `size` bytes (1, 2 or 4), some of them from ports that exit.
std::uint32_t read_guest_port(std::uint16_t port, std::uint32_t size);

/// OUT of `size` bytes (1, 2 or 4), some of them to ports that exit; may end the run. Only
/// registers that are wider than a byte take more than the byte for `port`; a write that begins at
/// a port that does not exit and reaches one that does is dropped. What may not be written is
/// dropped too, counted as refused, and named once on the console.
void write_guest_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value);

} // namespace hv
