#pragma once
// The line for programs to read (shared/console.h), in the form in which lazyhv's own kernel prints
// it.

#include "guest/linux_programs/measurement.h"

#include <cstdint>

namespace linux_guest {

/// "@result workload=linux/NAME switches=N ticks=N exits=N ...": the differences of the counters.
/// Those that are zero are left out, except for the first six. Without counters it ends with ticks.
void print_switches_result(const char* name, std::uint64_t switches,
                           const Measurement& measurement);

/// The same with operations=N and entries=N instead of switches=N.
void print_operations_result(const char* name, std::uint64_t operations, std::uint64_t entries,
                             const Measurement& measurement);

} // namespace linux_guest
