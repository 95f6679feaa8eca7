#pragma once
// What must hold between any two instructions of a guest, whatever it does.

#include "tests/fuzz/fuzz_machine.h"

namespace hv::fuzz {

/// Checks, for the vCPU that runs and directly after an exit, that the processor would enter the
/// guest. What the monitor repairs when a VM entry fails is repaired first.
void check_entry(FuzzMachine& machine);

/// Checks all vCPUs: descriptor tables hold nothing that lets ring 3 into ring 0 except the
/// kernel's gates; what the monitor protects is not writable through EPT, and its own memory is not
/// reachable; shadow tables say what the guest's page tables say; nothing is left locked.
void check_machine(FuzzMachine& machine);

} // namespace hv::fuzz
