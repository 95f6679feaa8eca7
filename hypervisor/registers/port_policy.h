#pragma once
// Which I/O ports exit: those that end or reset the machine, or that reach the monitor through A20.

#include <array>
#include <cstdint>

namespace hv {

struct Vcpu;

/// The ports that exit; the guest has all others.
inline constexpr std::uint16_t keyboard_controller_command = 0x64;
inline constexpr std::uint16_t system_control_a = 0x92;
inline constexpr std::uint16_t reset_control = 0xCF9;

/// Fills I/O bitmaps A and B (SDM vol. 3, 25.6.4), two pages at a physical address.
void fill_io_bitmaps(std::uint64_t physical);

/// IN of `size` bytes from a port that exits.
std::uint32_t read_guest_port(std::uint16_t port, std::uint32_t size);

/// OUT of `size` bytes to a port that exits; may end the run.
void write_guest_port(Vcpu& vcpu, std::uint16_t port, std::uint32_t size, std::uint32_t value);

} // namespace hv
