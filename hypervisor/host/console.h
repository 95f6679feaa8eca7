#pragma once
// What the monitor prints on COM1, and how it ends a run.

#include "shared/console.h"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace hv::console {

/// A number to be printed as 0x-prefixed hexadecimal.
struct Hex {
    std::uint64_t value;
};

/// Sets COM1 to 115200 baud, 8N1, and clears what it held.
void initialise();

/// Waits until the UART has sent everything that was printed, since the guest will reset the UART.
void flush();

void print(char character);
void print(std::string_view text);
void print(Hex number);
void print(std::uint64_t number);
inline void print(std::uint32_t number) { print(std::uint64_t{number}); }
inline void print(std::uint16_t number) { print(std::uint64_t{number}); }
inline void print(const char* text) { print(std::string_view{text}); }

template <typename... Parts>
requires(sizeof...(Parts) > 1) void print(const Parts&... parts) { (print(parts), ...); }

/// Keeps the lines of several processors apart. It waits for a bounded time only: the processor
/// that holds it may have failed while it printed.
class Turn {
  public:
    Turn();
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
};

/// Prints one line of the monitor's: prefix, parts, newline.
template <typename... Parts>
void say(const Parts&... parts) {
    const Turn turn;
    print(abi::monitor_prefix);
    (print(parts), ...);
    print('\n');
}

/// Prints the end line, ends the emulator (QEMU, Bochs) and, where there is none, stops.
[[noreturn]] void end_run(std::uint32_t status);

/// Says why the monitor cannot go on, and ends the run with status 1.
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
    print(abi::error_prefix);
    (print(parts), ...);
    print('\n');
    end_run(1);
}

} // namespace hv::console
