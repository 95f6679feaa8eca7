#pragma once
// What the interrupt entry leaves on the kernel stack (kernel/interrupts/entry.S pushes it).

#include <cstdint>

namespace guest {

struct InterruptFrame {
    std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    std::uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    std::uint64_t vector;
    std::uint64_t error_code; ///< 0 for vectors that have none
    // Pushed by the processor.
    std::uint64_t rip, cs, rflags, rsp, ss;

    bool from_user() const { return (cs & 3) != 0; }
};
static_assert(sizeof(InterruptFrame) == 22 * sizeof(std::uint64_t));

} // namespace guest
