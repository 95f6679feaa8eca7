#pragma once
// What the ring-3 test tasks of all processors tell the kernel.

#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::tests {

/// Records a check of `task` that failed. Returns false if `check` is not a Check.
bool mismatch(const Task& task, std::uint64_t check, std::uint64_t expected, std::uint64_t found);

/// Records that `count` checks were made. Returns false if `check` is not a Check.
bool checked(std::uint64_t check, std::uint64_t count);

/// Records that a task was ended by an exception that it did not expect.
void task_died(const Task& task, const InterruptFrame& frame);

/// How many tasks have died since begin_checks.
std::uint64_t task_deaths();

/// Forgets all results so far.
void begin_checks();
/// Prints a line for each kind of check, and for each event that must not have happened.
void report_checks();
/// The number of things that went wrong so far, and the number of checks that tasks have made.
std::uint64_t wrong_checks();
std::uint64_t checks_made();

} // namespace guest::tests
