#pragma once
// One workload in several runs: what its VM exits were, and what they cost.

#include "tools/results/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

inline constexpr std::size_t table_width = 120;

/// The run's result for that workload on that many processors; null if there is none.
const Result* find_result(const Run& run, std::string_view workload, std::uint32_t cpus = 1);

/// VM exits per switch or operation with three decimals; "-" without a result or a monitor.
std::string format_exits(const Result* result);

/// A title and a row for each run that measured the workload on one processor. The unit is that of
/// the first such run: rows are per switch, or per page-table operation and per entry.
std::string workload_details(const std::vector<Run>& runs, std::string_view workload,
                             std::string_view tick_name);

} // namespace tool
