#pragma once
// What programs read on the serial console: the prefixes of its lines, which monitor, guest and
// tools share, and the I/O ports.

#include <cstdint>
#include <string_view>

namespace abi {

/// "lazyhv: error: WHAT": the monitor cannot continue; an end line follows.
inline constexpr std::string_view error_prefix = "lazyhv: error: ";
/// "lazyhv: TEXT": the monitor says what it found or did.
inline constexpr std::string_view monitor_prefix = "lazyhv: ";
/// "@end status=N": the run is over; 0 is success. The first such line counts.
inline constexpr std::string_view end_prefix = "@end status=";
/// The status of a run that a guest under the monitor ends by resetting the machine, or by putting
/// it to sleep or switching it off, and not by the ports below or the ROM: nobody has said that it
/// succeeded.
inline constexpr std::uint32_t reset_status = 3;
inline constexpr std::uint32_t sleep_status = 4;
/// The status of a run that a guest ends by bochs_exit_port without an end line of its own before
/// it: the port takes no status, and nobody has said that the run succeeded.
inline constexpr std::uint32_t shutdown_status = 5;
/// What the monitor says then; without a monitor, the tool says it, which finds it in Bochs's log.
inline constexpr std::string_view shutdown_text =
    "the guest has shut the emulator down: port 0x8900";
/// "@result workload=NAME KEY=NUMBER ...": how much each counter grew in one workload.
inline constexpr std::string_view result_prefix = "@result ";
/// "@context KEY=VALUE ...": the machine and configuration on which the results were measured.
inline constexpr std::string_view context_prefix = "@context ";

/// Ports that end the emulator. QEMU's isa-debug-exit makes (value << 1 | 1) its own exit status;
/// Bochs ends when the letters of bochs_exit_word are written to its port one by one.
inline constexpr std::uint16_t qemu_exit_port = 0xF4;
inline constexpr std::uint16_t bochs_exit_port = 0x8900;
inline constexpr std::string_view bochs_exit_word = "Shutdown";
/// The console: COM1, 115200 baud, 8 data bits, no parity, 1 stop bit.
inline constexpr std::uint16_t serial_port = 0x3F8;

} // namespace abi
