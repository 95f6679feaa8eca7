#pragma once
// What every case begins with: MSRs, x87 and vector registers.

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

/// What FXSAVE stores; with AVX, what XSAVE stores of x87, SSE and AVX.
struct alignas(64) FloatState {
    std::array<std::uint8_t, 832> bytes{};
    void load() const;
    void store();
};
/// The part of FXSAVE's that is used: up to the XMM registers. And the upper halves of the YMM
/// registers.
inline constexpr std::size_t legacy_state_size = 416;
inline constexpr std::size_t upper_halves_begin = 576;

inline constexpr std::uint64_t xcr0_avx = 7;

void initialise_beginning();
/// Gives the MSRs the values with which a case begins; IA32_FMASK differs from case to case.
void restore_msrs(std::uint64_t flag_mask);
std::span<const MsrValue> msrs_at_beginning();
const FloatState& float_state_at_beginning();

} // namespace fidelity
