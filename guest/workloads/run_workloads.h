#pragma once
// The workloads: the command line's `workload=` and `switches=`.

#include "guest/workloads/workload_table.h"

#include <cstdint>
#include <string_view>

namespace guest::workloads {

/// Runs the workloads in `names` (separated by commas; `all` runs all, `list` prints the names),
/// `switches` switches each, on each number of processors in `processor_counts`. Returns false,
/// without running anything, if a name is unknown or needs a monitor that is missing.
bool run(std::string_view names, std::uint64_t switches, std::string_view processor_counts);

// Each of these measures `switches` switches on each processor that takes part, with the timer
// stopped. `switches` is a multiple of the workload's tasks.
void run_switch_operations(const Workload& workload, std::uint64_t switches);
void run_empty_vmcall(std::uint64_t iterations);
void run_tasks(const Workload& workload, std::uint64_t switches);
void run_address_spaces(const Workload& workload, std::uint64_t switches);

// Each of these measures operations on page tables, with the timer stopped, and returns how many.
// Each operation changes `workload.pages` entries.
std::uint64_t run_page_tables(const Workload& workload);
std::uint64_t run_fork_exit(const Workload& workload);
std::uint64_t run_single_entries(const Workload& workload, std::uint64_t operations);

} // namespace guest::workloads
