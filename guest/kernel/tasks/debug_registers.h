#pragma once
// DR0-3 and DR7, each task's own (Intel SDM vol. 3, 17.2).

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

namespace guest::debug_registers {

/// The part of a context switch that is needed if either task uses debug registers: loads what
/// differs from what is loaded.
void load(Cpu& cpu, const Task& next);

/// True if the registers hold what `task` asked for. Reads them all.
bool match(const Task& task);

/// #DB in ring 3: counts it for the task and clears DR6.
void hit(Task& task);

/// DR7 for one breakpoint: DR0, on writes of 8 bytes.
inline constexpr std::uint64_t watch_8_byte_writes = 0x400 | 1 << 0 | 0b1001 << 16;

} // namespace guest::debug_registers
