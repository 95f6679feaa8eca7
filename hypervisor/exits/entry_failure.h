#pragma once
// A VM entry that failed: which rule of the manual, which field, its value, what was required.

#include "shared/exit_reason.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// VM entry failed after the host was left (exit reason with bit 31). The guest can cause
/// one such failure by itself: blocking by STI or MOV SS that was left over, with RFLAGS.TF set.
/// That state is repaired and VM entry is tried once more; any other failure ends the run with the
/// checker's verdict.
[[gnu::cold, gnu::noinline]] void handle_entry_failure(Vcpu& vcpu, abi::ExitReason reason);

/// Prints what the checker finds wrong with the current VMCS.
void print_entry_violations(Vcpu& vcpu);

} // namespace hv
