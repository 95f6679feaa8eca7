#pragma once
// What every case begins with: MSRs, x87 and XMM registers.

#include <array>
#include <cstdint>
#include <span>

namespace fidelity {

inline constexpr std::uint64_t cr4_osxsave = 1 << 18;

/// An MSR that cases write, with its value at the beginning of a case.
struct MsrValue {
    std::uint32_t number;
    std::uint64_t value;
};

/// What FXSAVE stores.
struct alignas(16) FloatState {
    std::array<std::uint8_t, 512> bytes;
};

void initialise_beginning();
/// Gives the MSRs the values with which a case begins; IA32_FMASK differs from case to case.
void restore_msrs(std::uint64_t flag_mask);
std::span<const MsrValue> msrs_at_beginning();
const FloatState& float_state_at_beginning();

} // namespace fidelity
