#pragma once
// `lazyhv fuzz`: long runs of the fuzzer's targets, and single inputs.

#include "tools/commands/options.h"

namespace tool {

/// Returns the exit status: 0 when nothing crashed. Throws Failure for options that make no sense,
/// Interrupted once what was found has been said.
int fuzz(const FuzzOptions& options);

} // namespace tool
