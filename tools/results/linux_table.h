#pragma once
// A table of Linux next to lazyhv's own kernel.

#include "tools/results/result.h"
#include "tools/results/table.h"

#include <string>
#include <vector>

namespace tool {

/// Two parts: context switches (the workload pingpong of each kernel), and fork with exit and wait.
/// Each has a row for every run that measured it, in the order of `runs`: VM exits, ticks in guest
/// and monitor, and what the exits were. Ends with a line feed.
std::string linux_table(const std::vector<Run>& runs, const TableContext& context);

} // namespace tool
