#pragma once
// The few figures that say most, on one screen.

#include "tools/results/table.h"

#include <string>
#include <vector>

namespace tool {

/// VM exits per switch and per page-table operation, and ticks per switch, of the workloads
/// `shown`, or of all if it is empty; a sentence below each table says what it means. After them
/// what was measured on several processors if `has_processors`. Ends with the machine.
std::string short_table(const std::vector<Run>& runs, const std::vector<std::string>& shown,
                        bool has_processors, const TableContext& context);

} // namespace tool
