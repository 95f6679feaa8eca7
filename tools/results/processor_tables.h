#pragma once
// Tables of what was measured on several processors at the same time.

#include "tools/results/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The figures for each number of processors side by side: VM exits per context switch and what
/// they cost (first on one processor); what an empty VMCALL costs; VM exits per shoot-down and what
/// they were; how often the page-table lock was taken and waited for. In the order of `runs`. A
/// table for which nothing was measured on several processors is left out.
std::string processor_tables(const std::vector<Run>& runs, std::string_view tick_name);

} // namespace tool
