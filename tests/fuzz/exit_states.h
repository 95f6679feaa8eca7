#pragma once
// What a processor may have saved in the VMCS when a guest exits.

#include "tests/fuzz/fuzz_machine.h"

namespace hv::fuzz {

/// Fills the fields of the vCPU that runs, and its registers, for an exit of any reason that the
/// manual allows there (SDM vol. 3, 28.2). Returns the reason.
abi::ExitReason any_exit_state(Input& input, FuzzMachine& machine);

} // namespace hv::fuzz
