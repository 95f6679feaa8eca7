#pragma once
// What was measured on several processors at the same time, as a person reads it.

#include "tools/results/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// Side by side for each number of processors: VM exits per context switch and what they cost, with
/// those on one processor as the first; what an empty VMCALL costs; VM exits per shoot-down and
/// what they were; how often the lock was taken and waited for. In the order of `runs`; nothing
/// where nothing was measured on several processors.
std::string processor_tables(const std::vector<Run>& runs, std::string_view tick_name);

} // namespace tool
