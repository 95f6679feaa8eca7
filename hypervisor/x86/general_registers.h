#pragma once
// The guest's general registers as the exit stub saves them.

#include <cstdint>

namespace hv {

/// RSP's number in instructions, exit qualifications and instruction information.
inline constexpr std::uint32_t rsp_number = 4;

/// In the order in which instructions and the VMCS number them.
struct GuestRegisters {
    std::uint64_t rax;
    std::uint64_t rcx;
    std::uint64_t rdx;
    std::uint64_t rbx;
    std::uint64_t unused_rsp; ///< the guest's RSP is in the VMCS
    std::uint64_t rbp;
    std::uint64_t rsi;
    std::uint64_t rdi;
    std::uint64_t r8;
    std::uint64_t r9;
    std::uint64_t r10;
    std::uint64_t r11;
    std::uint64_t r12;
    std::uint64_t r13;
    std::uint64_t r14;
    std::uint64_t r15;

    /// Register `number` (0 to 15, not rsp_number) by its number in instructions.
    std::uint64_t& operator[](std::uint32_t number) { return (&rax)[number & 15]; }
};
static_assert(sizeof(GuestRegisters) == 128);

} // namespace hv
