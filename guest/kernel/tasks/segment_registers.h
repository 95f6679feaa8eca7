#pragma once
// %fs and %gs. They belong to ring 3, and no entry to the kernel saves them. Loading them reads the
// GDT, so writes to it that a lazy mode queued must have been drained before.

#include "guest/kernel/cpu/cpu_offsets.h"

#include <cstdint>

namespace guest::segment_registers {

inline std::uint16_t fs() {
    std::uint32_t selector = 0;
    asm volatile("movl %%fs, %0" : "=r"(selector));
    return static_cast<std::uint16_t>(selector);
}

inline std::uint16_t gs() {
    std::uint32_t selector = 0;
    asm volatile("movl %%gs, %0" : "=r"(selector));
    return static_cast<std::uint16_t>(selector);
}

/// Loads %fs. If the descriptor cannot be loaded, loads the null selector and counts it in
/// Cpu::segment_faults.
inline void load_fs(std::uint16_t selector) {
    std::uint32_t value = selector;
    asm volatile("1: movl %0, %%fs\n"
                 "2:\n\t"
                 ".pushsection .text.fixup, \"ax\"\n"
                 "3: incq %%gs:%c1\n\t"
                 "xorl %0, %0\n\t"
                 "movl %0, %%fs\n\t"
                 "jmp 2b\n\t"
                 ".popsection\n\t"
                 ".pushsection .exception_fixups, \"a\"\n\t"
                 ".quad 1b, 3b\n\t"
                 ".popsection"
                 : "+r"(value)
                 : "i"(CPU_SEGMENT_FAULTS)
                 : "cc", "memory");
}

/// Loads ring 3's %gs: its base goes to IA32_KERNEL_GS_BASE, and the kernel's GS base stays.
/// Interrupts must be off.
inline void load_gs(std::uint16_t selector) {
    std::uint32_t value = selector;
    asm volatile("swapgs\n"
                 "1: movl %0, %%gs\n"
                 "2: swapgs\n\t"
                 ".pushsection .text.fixup, \"ax\"\n"
                 "3: xorl %0, %0\n\t"
                 "movl %0, %%gs\n\t"
                 "swapgs\n\t"
                 "incq %%gs:%c1\n\t"
                 "swapgs\n\t"
                 "jmp 2b\n\t"
                 ".popsection\n\t"
                 ".pushsection .exception_fixups, \"a\"\n\t"
                 ".quad 1b, 3b\n\t"
                 ".popsection"
                 : "+r"(value)
                 : "i"(CPU_SEGMENT_FAULTS)
                 : "cc", "memory");
}

} // namespace guest::segment_registers
