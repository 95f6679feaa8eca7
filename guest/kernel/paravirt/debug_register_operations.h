#pragma once
// Paravirt operations (operations.h): DR0-3, DR6 and DR7.

#include "guest/kernel/paravirt/call_site.h"

#include <cstdint>

namespace guest::paravirt {

template <std::uint64_t number>
void set_dr(std::uint64_t value) {
    static_assert(number < 4 || number == 6 || number == 7);
    std::uint64_t register_number = number;
    asm volatile(PARAVIRT_SITE(set_dr, PARAVIRT_PAD_3, "mov %%rsi, %%dr%c[number]")
                 : "+D"(register_number), "+S"(value)
                 : [number] "i"(number)
                 : PARAVIRT_LOSES_2);
}

template <std::uint64_t number>
std::uint64_t get_dr() {
    static_assert(number < 4 || number == 6 || number == 7);
    std::uint64_t register_number = number;
    std::uint64_t value = 0;
    asm volatile(PARAVIRT_SITE(get_dr, PARAVIRT_PAD_3, "mov %%dr%c[number], %%rax")
                 : "=a"(value), "+D"(register_number)
                 : [number] "i"(number)
                 : "rsi", "rdx", PARAVIRT_LOSES);
    return value;
}

} // namespace guest::paravirt
