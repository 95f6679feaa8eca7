#pragma once
// The context switch.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

namespace guest {

/// Switches from the running task, `previous`, to `next`, which must be another task. Returns when
/// `previous` runs again. Interrupts must be off.
void context_switch(Cpu& cpu, Task& previous, Task& next);

} // namespace guest
