#pragma once
// Workloads side by side: a row for each, a column for each profile and interface.

#include "tools/results/result.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The runs on machines with one processor.
std::vector<Run> runs_alone(const std::vector<Run>& runs);

/// Names of the workloads with this unit, in the order in which they were first measured; without
/// the empty VMCALL.
std::vector<std::string> workload_names(const std::vector<Run>& runs, Unit unit);

/// What a cell of such a table says; null if the run has no result for the workload.
using Cell = std::function<std::string(const Result*)>;

/// A title and a table of `cell`, with a column for each run that has a monitor, or for each run if
/// `has_bare`. Empty if there is no row or no column.
std::string workload_table(std::string_view title, const std::vector<Run>& runs,
                           const std::vector<std::string>& workloads, const Cell& cell,
                           bool has_bare);

/// The same with VM exits per switch or operation, without the bare machine.
std::string exits_table(std::string_view title, const std::vector<Run>& runs,
                        const std::vector<std::string>& workloads);

} // namespace tool
