#pragma once
// The exit-reason field (SDM vol. 3, 25.9.1).

#include "hypervisor/x86/bits.h"
#include "shared/exit_reason.h"

#include <cstdint>

namespace hv {

struct ExitReasonField {
    std::uint64_t raw;

    /// The basic exit reason as a number; may lie beyond abi::exit_reason_limit.
    [[nodiscard]] constexpr std::uint64_t number() const { return raw & 0xFFFF; }
    [[nodiscard]] constexpr abi::ExitReason basic() const {
        return static_cast<abi::ExitReason>(number());
    }
    /// VM entry failed after the host was left: there was no exit from the guest (27.8).
    [[nodiscard]] constexpr bool entry_failed() const { return bit(raw, 31); }
};

} // namespace hv
