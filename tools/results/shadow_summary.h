#pragma once
// Shadow paging of a workload, in words.

#include "tools/results/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// What no VM exit tells, counts per switch or operation: "CR3 loads without an exit 1", "shadow
/// tables: built 2, in use 17 of 512". Nothing where there is no shadow paging.
std::vector<std::string> shadow_summary(const Result& result, std::string_view tick_name);

} // namespace tool
