#pragma once
// One case: the state before, the code, and what is left out of it.

#include "tests/fidelity/guest/window.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace fidelity {

struct Kind;

/// Parts of a case that can be left out, to find the smallest case that still differs.
enum Feature : std::uint32_t {
    feature_trap_flag,
    feature_breakpoints,
    feature_interrupt,
    feature_opener,
    feature_more_instructions,
    feature_prefixes,
    feature_odd_pages,
    feature_odd_exception_stack,
    feature_control_bits,
    feature_flags,
    feature_segments,
    feature_repairs,
    feature_page_end,
    feature_stack_of_read_only_level,
    feature_read_only_stack,
    feature_count,
};
inline constexpr std::array<std::string_view, feature_count> feature_names{
    "trap-flag",         "breakpoints",
    "interrupt",         "opener",
    "more-instructions", "prefixes",
    "odd-pages",         "odd-exception-stack",
    "control-bits",      "flags",
    "odd-segments",      "repairs",
    "page-end",          "stack-of-read-only-level",
    "read-only-stack"};

/// Numbers of the general registers, as instructions encode them.
enum Register : std::uint32_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r11 = 11 };
inline constexpr std::uint32_t register_count = 16;

/// How wide the code's default operands are.
struct Mode {
    std::uint32_t bits; ///< 64, 32 or 16
    bool ring_3;
    bool real = false; ///< real-address mode
};

/// Bytes in memory before the case begins.
struct Poke {
    std::uint64_t linear;
    std::uint32_t count;
    std::array<std::uint8_t, 16> bytes;
};

struct Case {
    std::uint64_t seed = 0;
    std::uint64_t number = 0;
    std::uint32_t without = 0; ///< a bit for each Feature that is left out
    std::uint32_t uses = 0;    ///< a bit for each Feature that the case would have

    Mode mode{};
    std::array<std::uint64_t, register_count> general{};
    std::uint64_t rflags = 2;
    std::uint16_t cs = 0, ss = 0, ds = 0, es = 0, fs = 0, gs = 0;
    std::uint64_t fs_base = 0, gs_base = 0;
    std::uint64_t cr0 = 0, cr4 = 0, cr8 = 0, efer = 0, xcr0 = 0;
    std::array<std::uint64_t, 4> breakpoint{};
    std::uint64_t dr7 = 0x400;
    std::uint64_t flag_mask = 0; ///< IA32_FMASK
    std::uint64_t exception_stack = 0;
    bool interrupt_waits = false;
    bool halts = false; ///< and a timer wakes it if nothing else does
    bool repairs = false;
    window::Rights rights{};

    std::uint64_t code_begin = 0; ///< linear
    std::array<std::uint8_t, 160> code{};
    std::uint32_t code_size = 0;
    std::uint32_t end_offset = 0; ///< of the INT that ends the case
    std::array<std::uint32_t, 8> instruction_offsets{};
    std::uint32_t instruction_count = 0;
    std::uint64_t target = window_base; ///< the linear address that the first instruction accesses
    std::array<const Kind*, 3> kinds{};
    std::uint32_t kind_count = 0;
    std::array<Poke, 12> pokes{};
    std::uint32_t poke_count = 0;
    /// Registers whose values say nothing, as those of RDTSC, which is the last instruction then.
    std::uint32_t ignored_registers = 0;

    /// Notes that the case has a part, and says whether it is to be in it.
    bool takes(Feature feature) {
        uses |= 1U << feature;
        return (without >> feature & 1) == 0;
    }
    [[nodiscard]] std::uint64_t code_base() const { return mode.bits == 16 ? window_base : 0; }
};

/// EFER at the beginning of a case, unless it chooses another value: SCE, LME, LMA, NXE.
inline constexpr std::uint64_t baseline_efer = 0xD01;

/// What the processor offers; the same for all cases of a run.
struct Processor {
    std::uint64_t cr4_bits; ///< bits of CR4 that may be set
    std::uint64_t baseline_cr0, baseline_cr4;
    std::uint64_t baseline_xcr0;         ///< 0: there are no extended states
    std::uint32_t configuration_address; ///< 0xCF8, as the firmware has left it
    std::uint8_t page_register;          ///< 0x80, likewise
    bool real_mode;                      ///< all cases are in real-address mode
};
extern Processor processor;

/// Makes case `number` of the seed. The same arguments make the same case on every profile.
void generate(Case& test_case, std::uint64_t seed, std::uint64_t number, std::uint32_t without);

} // namespace fidelity
