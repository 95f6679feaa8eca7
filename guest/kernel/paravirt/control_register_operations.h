#pragma once
// Paravirt operations (operations.h): CR0 to CR4.

#include "guest/kernel/paravirt/call_site.h"

#include <cstdint>

namespace guest::paravirt {

inline void set_cr0(std::uint64_t value) {
    asm volatile(PARAVIRT_SITE(set_cr0, PARAVIRT_PAD_3, "mov %%rdi, %%cr0")
                 : "+D"(value)
                 :
                 : PARAVIRT_LOSES_1);
}

inline void set_cr3(std::uint64_t value) {
    asm volatile(PARAVIRT_SITE(set_cr3, PARAVIRT_PAD_3, "mov %%rdi, %%cr3")
                 : "+D"(value)
                 :
                 : PARAVIRT_LOSES_1);
}

inline void set_cr4(std::uint64_t value) {
    asm volatile(PARAVIRT_SITE(set_cr4, PARAVIRT_PAD_3, "mov %%rdi, %%cr4")
                 : "+D"(value)
                 :
                 : PARAVIRT_LOSES_1);
}

inline std::uint64_t get_cr0() {
    std::uint64_t value = 0;
    asm volatile(PARAVIRT_SITE(get_cr0, PARAVIRT_PAD_3, "mov %%cr0, %%rax")
                 : "=a"(value)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return value;
}

inline std::uint64_t get_cr2() {
    std::uint64_t value = 0;
    asm volatile(PARAVIRT_SITE(get_cr2, PARAVIRT_PAD_3, "mov %%cr2, %%rax")
                 : "=a"(value)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return value;
}

inline std::uint64_t get_cr3() {
    std::uint64_t value = 0;
    asm volatile(PARAVIRT_SITE(get_cr3, PARAVIRT_PAD_3, "mov %%cr3, %%rax")
                 : "=a"(value)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return value;
}

inline std::uint64_t get_cr4() {
    std::uint64_t value = 0;
    asm volatile(PARAVIRT_SITE(get_cr4, PARAVIRT_PAD_3, "mov %%cr4, %%rax")
                 : "=a"(value)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return value;
}

/// Clears CR0.TS.
inline void clts() {
    asm volatile(PARAVIRT_SITE(clts, PARAVIRT_PAD_4, "clts") : : : PARAVIRT_LOSES_0);
}

} // namespace guest::paravirt
