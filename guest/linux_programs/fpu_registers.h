#pragma once
// The registers of x87, SSE and AVX, kept in the processor through a system call.

#include <cstdint>

namespace linux_guest {

/// Everything except padding is loaded and stored. fpu_registers.S assumes this layout.
struct alignas(32) FpuRegisters {
    std::uint8_t x87[8][16];     ///< ST0 to ST7: 10 bytes each, then zeros
    std::uint8_t vector[16][32]; ///< XMM0 to XMM15, or YMM0 to YMM15
    std::uint32_t mxcsr;
    std::uint16_t control_word;
    std::uint16_t unused[13];
};
static_assert(sizeof(FpuRegisters) == 672);

extern "C" {

/// Loads `before`, makes the system call and stores what the registers hold after it. Returns what
/// the system call returned.
long call_with_sse(const FpuRegisters* before, FpuRegisters* after, long number, long first,
                   long second, long third);
/// The same with the whole YMM registers, where there is AVX.
long call_with_avx(const FpuRegisters* before, FpuRegisters* after, long number, long first,
                   long second, long third);
}

} // namespace linux_guest
