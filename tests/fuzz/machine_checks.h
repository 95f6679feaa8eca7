#pragma once
// What must hold between any two instructions of a guest, whatever it does.

#include "tests/fuzz/fuzz_machine.h"

namespace hv::fuzz {

/// Of the vCPU that runs, right behind an exit: the processor would enter the guest. What the
/// monitor repairs when an entry fails is repaired.
void check_entry(FuzzMachine& machine);

/// Of all vCPUs: descriptor tables hold nothing that lets ring 3 into ring 0 but gates of the
/// kernel's; what the monitor protects is not writable through EPT, and its own memory not
/// reachable; shadow tables say what the guest's do; nothing is left locked.
void check_machine(FuzzMachine& machine);

} // namespace hv::fuzz
