#pragma once
// The lines for programs to read: one for the context, and one for each workload
// (shared/console.h).

#include "guest/workloads/measurement.h"
#include "guest/workloads/workload_table.h"

namespace guest::workloads {

void print_context();

/// Prints the differences of the counters. Those that are zero are left out, except for the first
/// six.
void print_result(const Workload& workload, std::uint64_t switches, const Measurement& measurement);

/// The same for a page-table workload: `operations` on `workload.pages` entries each.
void print_operations_result(const Workload& workload, std::uint64_t operations,
                             const Measurement& measurement);

} // namespace guest::workloads
