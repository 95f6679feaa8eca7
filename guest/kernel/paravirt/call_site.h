#pragma once
// Recording of call sites: each operation's native instruction, with a record of its address, so
// that the ROM's answer can be written over it (docs/abi.md, "Call sites").
//
// The convention of a site is that of the function it may become: System V AMD64, arguments in RDI,
// RSI and RDX, result in RAX, all caller-saved registers lost.

#include <cstdint>

namespace guest::paravirt {

/// A record of the section .paravirt_sites.
struct CallSite {
    std::uint64_t address; ///< linear address of the site
    std::uint16_t call;    ///< abi::Call
    std::uint8_t length;   ///< bytes, at least min_site_length
    std::uint8_t unused[5];
};
static_assert(sizeof(CallSite) == 16);

inline constexpr std::uint8_t min_site_length = 6;

} // namespace guest::paravirt

// Segment-override prefixes, which 64-bit mode ignores for DS (Intel SDM vol. 1, 3.3.7.1): they
// lengthen an instruction to min_site_length without a second instruction.
#define PARAVIRT_PAD_0 ""
#define PARAVIRT_PAD_1 ".byte 0x3e\n\t"
#define PARAVIRT_PAD_2 ".byte 0x3e, 0x3e\n\t"
#define PARAVIRT_PAD_3 ".byte 0x3e, 0x3e, 0x3e\n\t"
#define PARAVIRT_PAD_4 ".byte 0x3e, 0x3e, 0x3e, 0x3e\n\t"
#define PARAVIRT_PAD_5 ".byte 0x3e, 0x3e, 0x3e, 0x3e, 0x3e\n\t"
// The one instruction of six bytes that does nothing (Intel SDM vol. 2, NOP).
#define PARAVIRT_NOP ".byte 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00"

// The text of a site of the call with the enumerator `call`. Its number is a symbol that
// binding.cpp defines, so that only that file depends on the list of calls, and not every user of
// an operation.
#define PARAVIRT_SITE(call, padding, instruction)                                                  \
    "771:\n\t" padding instruction "\n772:\n\t"                                                    \
    ".pushsection .paravirt_sites, \"a\"\n\t"                                                      \
    ".balign 8\n\t"                                                                                \
    ".quad 771b\n\t"                                                                               \
    ".short paravirt_call_" #call "\n\t"                                                           \
    ".byte 772b - 771b\n\t"                                                                        \
    ".balign 8\n\t"                                                                                \
    ".popsection"

// The registers that a site clobbers beside its operands, by its number of arguments.
#define PARAVIRT_LOSES "rcx", "r8", "r9", "r10", "r11", "cc", "memory"
#define PARAVIRT_LOSES_3 "rax", PARAVIRT_LOSES
#define PARAVIRT_LOSES_2 "rdx", PARAVIRT_LOSES_3
#define PARAVIRT_LOSES_1 "rsi", PARAVIRT_LOSES_2
#define PARAVIRT_LOSES_0 "rdi", PARAVIRT_LOSES_1
#define PARAVIRT_LOSES_0_RESULT "rdi", "rsi", "rdx", PARAVIRT_LOSES
