#pragma once
// `lazyhv bench`: boots every combination of profile and interface and reports.

#include "tools/commands/options.h"

namespace tool {

/// Prints the table on standard output, writes the JSON file, returns 0. Throws Failure,
/// Interrupted.
int bench(const BenchOptions& options);

} // namespace tool
