#pragma once
// `lazyhv run`: one guest, its console on the terminal.

#include "tools/commands/options.h"

namespace tool {

/// Returns the status on the guest's end line. Throws Failure, Interrupted.
int run(const RunOptions& options);

} // namespace tool
