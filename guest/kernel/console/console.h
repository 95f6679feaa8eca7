#pragma once
// The console: COM1, polled.

#include "guest/kernel/cpu/lock.h"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace guest::console {

/// Sets 115200 baud, 8N1, no interrupts. Before anything is printed.
void initialise();

/// Printed in hexadecimal, with 0x, at least `digits` digits.
struct Hex {
    std::uint64_t value;
    std::uint32_t digits = 1;
};

void put(std::string_view text);
void put(Hex number);
void put_decimal(std::uint64_t number);
template <std::unsigned_integral T>
void put(T number) {
    put_decimal(number);
}

/// Held while one print goes on, so that those of several processors do not mix.
TicketLock& lock();
/// The end is near: prints need the lock no longer, whoever holds it.
void break_lock();

/// Prints its arguments one behind the other: texts, unsigned numbers, Hex.
template <typename... Arguments>
void print(const Arguments&... arguments) {
    const LockGuard guard(lock());
    (put(arguments), ...);
}

} // namespace guest::console
