#pragma once
// The lines on the serial console that a program reads: prefixes shared by monitor, guest and tool.

#include <cstdint>
#include <string_view>

namespace abi {

/// "lazyhv: error: WHAT": the monitor cannot go on; an end line follows.
inline constexpr std::string_view error_prefix = "lazyhv: error: ";
/// "lazyhv: TEXT": the monitor says what it found or did.
inline constexpr std::string_view monitor_prefix = "lazyhv: ";
/// "@end status=N": the run is over; 0 is success. The first one counts.
inline constexpr std::string_view end_prefix = "@end status=";
/// "@result workload=NAME KEY=NUMBER ...": differences of counters over one measured workload.
inline constexpr std::string_view result_prefix = "@result ";
/// "@context KEY=VALUE ...": what the results were measured on.
inline constexpr std::string_view context_prefix = "@context ";

/// Ends the emulator: QEMU's isa-debug-exit takes (status << 1 | 1) as its own exit status; Bochs
/// ends when the letters of bochs_exit_word are written one by one.
inline constexpr std::uint16_t qemu_exit_port = 0xF4;
inline constexpr std::uint16_t bochs_exit_port = 0x8900;
inline constexpr std::string_view bochs_exit_word = "Shutdown";
/// COM1, 115200 baud, 8N1.
inline constexpr std::uint16_t serial_port = 0x3F8;

} // namespace abi
