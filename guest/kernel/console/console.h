#pragma once
// The console: COM1, polled.

#include "guest/kernel/cpu/lock.h"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace guest::console {

/// Sets 115200 baud, 8N1, no interrupts. Must be called before anything is printed.
void initialise();

/// A number that is printed in hexadecimal, with 0x and at least `digits` digits.
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

/// The lock that is held during a print, so that the prints of several processors do not mix.
TicketLock& lock();
/// For the end of a run: from now on prints do not take the lock, whoever holds it.
void break_lock();

/// Prints its arguments one after the other: texts, unsigned numbers, Hex.
template <typename... Arguments>
void print(const Arguments&... arguments) {
    const LockGuard guard(lock());
    (put(arguments), ...);
}

} // namespace guest::console
