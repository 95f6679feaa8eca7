#pragma once
// Linux beside lazyhv's own kernel, as a person reads it.

#include "tools/results/result.h"
#include "tools/results/table.h"

#include <string>
#include <vector>

namespace tool {

/// For context switches (pingpong of each kernel) and for fork, exit and wait, a row for each run
/// that has it, in the order of `runs`: VM exits, ticks in guest and monitor, and what the exits
/// were. Ends with a line feed.
std::string linux_table(const std::vector<Run>& runs, const TableContext& context);

} // namespace tool
