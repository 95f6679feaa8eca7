#pragma once
// Running one guest instruction on a copy of a protected page, under RFLAGS.TF. (Not under the
// monitor trap flag: few CPU models offer it, and its exit was not seen on those of Bochs that do.)

#include "hypervisor/faults/protected_store.h"
#include "shared/exit_reason.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Has the instruction at RIP write to a copy of the protected page; the exit that follows it ends
/// with end_single_step. False when a step is on its way already (an instruction that writes
/// two protected pages), or when the page is not mapped in the shadow tables.
[[nodiscard]] bool begin_single_step(Vcpu& vcpu, const StoreTarget& target);

/// Judges what was written to the copy, and writes it to the page; when it is refused the guest
/// takes #GP, and the result is false.
bool end_single_step(Vcpu& vcpu);

/// An exit for another reason came during a step: it ends before anything else happens.
/// (EPT_VIOLATION does so itself: faults/ept_violation.cpp.)
[[gnu::cold, gnu::noinline]] void interrupt_single_step(Vcpu& vcpu, abi::ExitReason reason);

} // namespace hv
