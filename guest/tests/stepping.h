#pragma once
// A path of the kernel's with an interrupt at one of its instruction boundaries: the boundaries are
// found by stepping, and each is reached again by a breakpoint. On one processor, the boot
// processor, whose local APIC sends the interrupt.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

#include <array>
#include <cstdint>
#include <span>

namespace guest::stepping {

using Code = void (*)(Cpu&);

inline constexpr std::uint32_t max_boundaries = 1024;

/// An instruction boundary of a path.
struct Boundary {
    std::uint64_t rip;
    bool open; ///< interrupts are on
};

/// Runs `path` with interrupts on and stepped by RFLAGS.TF. Returns its boundaries, in order, until
/// the next call. More than max_boundaries are a panic.
std::span<const Boundary> trace(Cpu& cpu, Code path);

/// Runs `path` as `trace` did last, with an interrupt that becomes pending at its boundary `at`,
/// counted from 0; `handler` is what it does. Returns whether it ran at that boundary, or at the
/// first with interrupts on behind it, and once; and whether the path ended with interrupts on.
bool interrupt(Cpu& cpu, Code path, std::uint32_t at, Code handler);

/// A debug exception of the kernel's. False if no path is run.
bool debug_exception(InterruptFrame& frame);

/// Bytes of the ROM at which a step found an instruction to begin: bit n % 8 of byte n / 8, n from
/// the ROM's first byte.
inline constexpr std::uint32_t followed_rom_bytes = 0x2000;
const std::array<std::uint8_t, followed_rom_bytes / 8>& followed_rom();

} // namespace guest::stepping
