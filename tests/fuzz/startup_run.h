#pragma once
// Start-up code of any bytes, run by the monitor's interpreter.

#include "tests/fuzz/fuzz_machine.h"

namespace hv::fuzz {

/// It ends, names why, and touches nothing but RAM that the guest may write.
void check_startup(Input& input);

} // namespace hv::fuzz
