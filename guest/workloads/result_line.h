#pragma once
// The lines a program reads: one for the context, one for each workload (shared/console.h).

#include "guest/workloads/measurement.h"
#include "guest/workloads/workload_table.h"

namespace guest::workloads {

void print_context();

/// Raw differences of the counters; those that are zero are left out, but for the first six.
void print_result(const Workload& workload, std::uint64_t switches, const Measurement& measurement);

/// The same for a page-table workload: `operations` on `workload.pages` entries each.
void print_operations_result(const Workload& workload, std::uint64_t operations,
                             const Measurement& measurement);

} // namespace guest::workloads
