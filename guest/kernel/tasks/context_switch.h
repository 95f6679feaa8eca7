#pragma once
// The context switch.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

namespace guest {

/// Switches from the running task to `next`, which must be another one. Returns when `previous`
/// runs again. With interrupts off.
void context_switch(Cpu& cpu, Task& previous, Task& next);

} // namespace guest
