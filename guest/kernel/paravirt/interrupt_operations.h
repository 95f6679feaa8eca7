#pragma once
// Paravirt operations (operations.h): RFLAGS.IF, and waiting.

#include "guest/kernel/paravirt/call_site.h"

#include <cstdint>

namespace guest::paravirt {

inline void enable_interrupts() {
    asm volatile(PARAVIRT_SITE(enable_interrupts, PARAVIRT_PAD_5, "sti") : : : PARAVIRT_LOSES_0);
}

inline void disable_interrupts() {
    asm volatile(PARAVIRT_SITE(disable_interrupts, PARAVIRT_PAD_5, "cli") : : : PARAVIRT_LOSES_0);
}

/// RFLAGS.
inline std::uint64_t get_interrupt_mask() {
    std::uint64_t flags = 0;
    asm volatile(PARAVIRT_SITE(get_interrupt_mask, PARAVIRT_PAD_4, "pushfq\n\tpop %%rax")
                 : "=a"(flags)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return flags;
}

/// Loads RFLAGS.
inline void set_interrupt_mask(std::uint64_t flags) {
    asm volatile(PARAVIRT_SITE(set_interrupt_mask, PARAVIRT_PAD_4, "push %%rdi\n\tpopfq")
                 : "+D"(flags)
                 :
                 : PARAVIRT_LOSES_1);
}

/// Waits for an interrupt with interrupts enabled; returns with them enabled.
inline void halt() {
    asm volatile(PARAVIRT_SITE(halt, PARAVIRT_PAD_4, "sti\n\thlt") : : : PARAVIRT_LOSES_0);
}

} // namespace guest::paravirt
