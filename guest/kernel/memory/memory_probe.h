#pragma once
// Accesses by the kernel that may fault.

#include <cstdint>

namespace guest {

// `instruction` with an exception fixup: if it faults, `done` becomes 0.
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

/// Reads a word from the linear `address` into `value`. Returns false if the access faults.
inline bool try_read(std::uint64_t address, std::uint64_t& value) {
    std::uint64_t done = 1;
    asm volatile(GUARDED("movq (%[address]), %[value]")
                 : [done] "+&r"(done), [value] "+&r"(value)
                 : [address] "r"(address)
                 : "cc", "memory");
    return done != 0;
}

/// Writes a word to the linear `address`. Returns false if the access faults.
inline bool try_write(std::uint64_t address, std::uint64_t value) {
    std::uint64_t done = 1;
    asm volatile(GUARDED("movq %[value], (%[address])")
                 : [done] "+&r"(done)
                 : [value] "r"(value), [address] "r"(address)
                 : "cc", "memory");
    return done != 0;
}

#undef GUARDED

} // namespace guest
