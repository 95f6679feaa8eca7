#pragma once
// Accesses of the kernel that may fault.

#include <cstdint>

namespace guest::tests {

// The instruction with an exception fixup; `done` becomes 0 if it faults.
#define GUARDED(instruction)                                                                       \
    "1: " instruction "\n"                                                                         \
    "2:\n\t"                                                                                       \
    ".pushsection .text.fixup, \"ax\"\n"                                                           \
    "3: xorl %k[done], %k[done]\n\t"                                                               \
    "jmp 2b\n\t"                                                                                   \
    ".popsection\n\t"                                                                              \
    ".pushsection .exception_fixups, \"a\"\n\t"                                                    \
    ".quad 1b, 3b\n\t"                                                                             \
    ".popsection"

/// Reads a word. False if that faults.
inline bool try_read(std::uint64_t address, std::uint64_t& value) {
    std::uint64_t done = 1;
    asm volatile(GUARDED("movq (%[address]), %[value]")
                 : [done] "+&r"(done), [value] "+&r"(value)
                 : [address] "r"(address)
                 : "cc", "memory");
    return done != 0;
}

/// Writes a word. False if that faults.
inline bool try_write(std::uint64_t address, std::uint64_t value) {
    std::uint64_t done = 1;
    asm volatile(GUARDED("movq %[value], (%[address])")
                 : [done] "+&r"(done)
                 : [value] "r"(value), [address] "r"(address)
                 : "cc", "memory");
    return done != 0;
}

} // namespace guest::tests
