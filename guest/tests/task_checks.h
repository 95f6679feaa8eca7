#pragma once
// What the ring-3 test tasks of all processors tell the kernel.

#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::tests {

/// A check of `task` that failed. False if `check` is no Check.
bool mismatch(const Task& task, std::uint64_t check, std::uint64_t expected, std::uint64_t found);

/// `count` checks were made. False if `check` is no Check.
bool checked(std::uint64_t check, std::uint64_t count);

/// A task was ended by an exception it did not expect.
void task_died(const Task& task, const InterruptFrame& frame);

/// How many of them were since begin_checks.
std::uint64_t task_deaths();

/// Forgets what was checked so far.
void begin_checks();
/// Prints a line for each kind of check, and for what must not have happened at all.
void report_checks();
/// What went wrong so far, in one number, and the checks that tasks have made.
std::uint64_t wrong_checks();
std::uint64_t checks_made();

} // namespace guest::tests
