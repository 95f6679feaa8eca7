#pragma once
// DR0-3 and DR7, each task's own (Intel SDM vol. 3, 17.2).

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

namespace guest::debug_registers {

/// The part of a context switch for debug registers, needed if either task uses them: loads those
/// that differ from what is loaded.
void load(Cpu& cpu, const Task& next);

/// Whether the registers hold what `task` asked for. Reads all of them.
bool match(const Task& task);

/// Handles #DB in ring 3: counts it for the task and clears DR6.
void hit(Task& task);

/// The value of DR7 for one breakpoint: DR0, on writes of 8 bytes.
inline constexpr std::uint64_t watch_8_byte_writes = 0x400 | 1 << 0 | 0b1001 << 16;

} // namespace guest::debug_registers
