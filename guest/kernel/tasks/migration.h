#pragma once
// Tasks that go from one processor to another. A processor alone touches its ring of runnable
// tasks; what others give it lies in its inbox until it takes it.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

namespace guest::migration {

/// Makes a task that is in no ring, and does not run, runnable on `to`.
void give(Cpu& to, Task& task);

/// The same for a task of this processor's ring that does not run now. Nothing of it is left here.
void move(Cpu& from, Cpu& to, Task& task);

/// Puts what others gave this processor into its ring. Interrupts are off.
void take_inbox(Cpu& cpu);

} // namespace guest::migration
