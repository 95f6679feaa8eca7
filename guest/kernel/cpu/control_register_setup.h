#pragma once
// Puts the processor into the state the kernel runs in.

#include "guest/kernel/cpu/cpu.h"

namespace guest {

/// Sets CR0 (with TS, for nobody has used the FPU), CR4, EFER and the MSRs of SYSCALL, and drops
/// the identity mapping. If the processor lacks a feature that the kernel needs, panics and names
/// it.
void set_up_control_registers(Cpu& cpu);

/// Sets EFER and the MSRs of SYSCALL alone, which is what another processor still needs when it
/// starts.
void set_up_system_calls();

} // namespace guest
