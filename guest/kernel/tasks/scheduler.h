#pragma once
// The scheduler: round robin over one ring of runnable tasks. The boot task is not in the ring; it
// runs when the ring is empty, and when the alarm sends it.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::scheduler {

/// Puts a task at the end of the ring.
void add(Task& task);

/// Takes a task that does not run out of the ring. Nothing if it is not in it.
void remove(Task& task);

/// From the boot task: runs the ring until it is empty or the alarm says so. With interrupts off.
void run();

/// Called at the boundary before the switch number `Cpu::switches` + 1 when that count reaches
/// Cpu::alarm_at. Returns true to go back to the boot task now; the switch does not take place.
using Alarm = bool (*)(Cpu& cpu);
void set_alarm(Cpu& cpu, std::uint64_t switches_from_now, Alarm alarm);
void clear_alarm(Cpu& cpu);

/// From a task: lets the next one run.
void yield();

/// From a task: ends it. Does not return.
[[noreturn]] void exit();

} // namespace guest::scheduler
