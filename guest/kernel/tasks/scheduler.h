#pragma once
// The scheduler: round robin over one ring of runnable tasks. The boot task is not in the ring; it
// runs when the ring is empty, or when an alarm returns to it.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::scheduler {

/// Puts a task at the end of the ring.
void add(Task& task);

/// Takes a task that is not running out of the ring. Does nothing if it is not in the ring.
void remove(Task& task);

/// Called in the boot task: runs the tasks in the ring until it is empty, or until the alarm
/// returns true. Interrupts are off.
void run();

/// Called before the next switch once Cpu::switches has reached Cpu::alarm_at. Returns true to go
/// back to the boot task instead of making that switch.
using Alarm = bool (*)(Cpu& cpu);
void set_alarm(Cpu& cpu, std::uint64_t switches_from_now, Alarm alarm);
void clear_alarm(Cpu& cpu);

/// Called in a task: lets the next one run.
void yield();

/// Called in a task: ends it. Does not return.
[[noreturn]] void exit();

} // namespace guest::scheduler
