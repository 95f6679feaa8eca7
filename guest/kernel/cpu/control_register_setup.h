#pragma once
// Puts the processor into the state the kernel runs in.

#include "guest/kernel/cpu/cpu.h"

namespace guest {

/// CR0 (TS set: nobody has used the FPU), CR4, EFER and the MSRs of SYSCALL. Drops the identity
/// mapping on the way. A processor without what the kernel needs is a panic that names it.
void set_up_control_registers(Cpu& cpu);

/// EFER and the MSRs of SYSCALL alone: what another processor still needs when it starts.
void set_up_system_calls();

} // namespace guest
