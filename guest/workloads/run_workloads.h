#pragma once
// The workloads: the command line's `workload=` and `switches=`.

#include "guest/workloads/workload_table.h"

#include <cstdint>
#include <string_view>

namespace guest::workloads {

/// Runs those named in `names` (with commas between; `all`; `list` prints the names), `switches`
/// each, on each number of processors in `processor_counts`. False, and nothing has run, if a name
/// is unknown or needs a monitor that is not there.
bool run(std::string_view names, std::uint64_t switches, std::string_view processor_counts);

// Each measures, on each processor that takes part, `switches`, a multiple of the workload's tasks,
// with the timer stopped.
void run_switch_operations(const Workload& workload, std::uint64_t switches);
void run_empty_vmcall(std::uint64_t iterations);
void run_tasks(const Workload& workload, std::uint64_t switches);
void run_address_spaces(const Workload& workload, std::uint64_t switches);

// Each measures operations on page tables, with the timer stopped, and returns how many. Each
// operation is on `workload.pages` entries.
std::uint64_t run_page_tables(const Workload& workload);
std::uint64_t run_fork_exit(const Workload& workload);
std::uint64_t run_single_entries(const Workload& workload, std::uint64_t operations);

} // namespace guest::workloads
