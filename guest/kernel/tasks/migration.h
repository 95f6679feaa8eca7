#pragma once
// Moves tasks from one processor to another. Only the processor itself touches its ring of runnable
// tasks. Tasks that others give it wait in its inbox until it takes them.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

namespace guest::migration {

/// Makes a task runnable on `to`. The task must be in no ring, and must not be running.
void give(Cpu& to, Task& task);

/// The same for a task in this processor's ring that is not running. None of its state is left on
/// this processor.
void move(Cpu& from, Cpu& to, Task& task);

/// Puts the tasks in this processor's inbox into its ring. Interrupts are off.
void take_inbox(Cpu& cpu);

} // namespace guest::migration
