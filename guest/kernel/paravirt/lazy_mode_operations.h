#pragma once
// Paravirt operations (operations.h): the lazy modes (docs/abi.md, "Lazy modes").

#include "guest/kernel/paravirt/call_site.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace guest::paravirt {

/// Without a ROM there are no lazy modes: natively this is one instruction that does nothing.
inline void set_lazy_mode(abi::LazyMode mode) {
    asm volatile(PARAVIRT_SITE(set_lazy_mode, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+D"(mode)
                 :
                 : PARAVIRT_LOSES_1);
}

/// The same, but returns an abi::Error: of the mode change, or of a queued call that was refused.
[[nodiscard]] inline std::uint32_t set_lazy_mode_checked(abi::LazyMode mode) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(set_lazy_mode, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(mode)
                 :
                 : "rsi", "rdx", PARAVIRT_LOSES);
    return error;
}

} // namespace guest::paravirt
