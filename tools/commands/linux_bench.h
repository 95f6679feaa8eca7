#pragma once
// `lazyhv linux --bench`

#include "tools/commands/options.h"
#include "tools/machine/machine.h"

#include <string>
#include <vector>

namespace tool {

/// Measures Linux beside lazyhv's own kernel, prints a table and, where options name a file, writes
/// JSON. Returns 0. Throws Failure and Interrupted.
int linux_bench(const LinuxOptions& options, const Machine& machine);

} // namespace tool
