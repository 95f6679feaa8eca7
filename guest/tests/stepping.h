#pragma once
// Runs a path of the kernel with an interrupt at one of its instruction boundaries. The boundaries
// are found by single-stepping, and each is reached again by a breakpoint. Only on the boot
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

/// Runs `path` with interrupts on, single-stepped by RFLAGS.TF. Returns its boundaries in order;
/// they are valid until the next call. More than max_boundaries are a panic.
std::span<const Boundary> trace(Cpu& cpu, Code path);

/// Runs `path` as `trace` did last, with an interrupt that becomes pending at its boundary `at`,
/// counted from 0; `handler` handles it. Returns true if the handler ran exactly once, at that
/// boundary or at the first one after it with interrupts on, and the path ended with interrupts on.
bool interrupt(Cpu& cpu, Code path, std::uint32_t at, Code handler);

/// Handles a debug exception of the kernel. Returns false if no path is being run.
bool debug_exception(InterruptFrame& frame);

/// Bytes of the ROM at which a step found an instruction to begin: bit n % 8 of byte n / 8, n from
/// the ROM's first byte.
inline constexpr std::uint32_t followed_rom_bytes = 0x2000;
const std::array<std::uint8_t, followed_rom_bytes / 8>& followed_rom();

} // namespace guest::stepping
