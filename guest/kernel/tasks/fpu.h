#pragma once
// The lazy FPU: CR0.TS is set while the registers are not the current task's, and #NM restores its
// state. A task that used the FPU in more than five slices in a row gets its state restored in the
// switch itself, as in Linux 2.6.3x.

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"

namespace guest::fpu {

inline constexpr std::uint8_t preload_threshold = 5;

inline void save(FxsaveArea& area) { asm volatile("fxsaveq %0" : "=m"(area)); }
inline void restore(const FxsaveArea& area) { asm volatile("fxrstorq %0" : : "m"(area)); }

inline void set_ts(Cpu& cpu) {
    if (cpu.ts_set)
        return;
    cpu.ts_set = true;
    paravirt::set_cr0(cpu.cr0 | cr0_ts);
}

inline void clear_ts(Cpu& cpu) {
    if (!cpu.ts_set)
        return;
    cpu.ts_set = false;
    paravirt::clts();
}

/// The part of a switch that may be queued: saves the previous task's state if it is in the
/// registers, and sets TS as the next task needs it. Returns true if finish_switch must follow.
inline bool begin_switch(Cpu& cpu, Task& previous, const Task& next) {
    const bool preload = next.has_fpu_state && next.fpu_counter > preload_threshold;
    if (previous.used_fpu) {
        save(previous.fpu);
        previous.used_fpu = false;
        set_ts(cpu);
    } else {
        previous.fpu_counter = 0;
    }
    if (preload)
        clear_ts(cpu);
    return preload;
}

/// Restores the state of the next task. CR0.TS must be clear in the processor itself; a CLTS in the
/// ring is not enough.
inline void finish_switch(Task& next) {
    restore(next.fpu);
    next.used_fpu = true;
    if (next.fpu_counter != 0xFF)
        ++next.fpu_counter;
}

/// Handles #NM in ring 3: gives the task the FPU.
void first_use(Cpu& cpu, Task& task);

} // namespace guest::fpu
