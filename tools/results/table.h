#pragma once
// Tables of results, for a person.

#include "tools/results/result.h"

#include <string>
#include <vector>

namespace tool {

struct TableContext {
    std::string machine;   ///< "bochs", "kvm"
    std::string cpu_model; ///< Bochs's name, or "host"
    std::string tick_name; ///< "instructions", "cycles"
};

/// First the VM exits per switch and per page-table operation of every workload side by side, then
/// what an empty VMCALL costs, then for each workload what the exits were and what they cost, then
/// what was measured on several processors; all in the order of `runs`. Lines have at most 120
/// columns, unless names are unusually long. Ends with a line feed.
std::string results_table(const std::vector<Run>& runs, const TableContext& context);

} // namespace tool
