#pragma once
// In which mode and ring the guest runs.

#include "tests/fuzz/fuzz_machine.h"

namespace hv::fuzz {

enum class Mode : std::uint8_t { kernel, user, user_compatibility };

/// CS and SS of the vCPU that runs are as they are in a mode; the rules of VM entry hold.
void enter_mode(FuzzMachine& machine, Mode mode);

} // namespace hv::fuzz
