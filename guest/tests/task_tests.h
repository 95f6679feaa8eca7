#pragma once
// What the ring-3 test tasks tell the kernel, and when they shall stop.

#include "guest/interrupts/frame.h"
#include "guest/tasks/task.h"

#include <cstdint>
#include <string_view>

namespace guest::tests {

/// A check of `task` that failed. False if `check` is no Check.
bool mismatch(const Task& task, std::uint64_t check, std::uint64_t expected, std::uint64_t found);

/// `count` checks were made. False if `check` is no Check.
bool checked(std::uint64_t check, std::uint64_t count);

/// A task was ended by an exception it did not expect.
void task_died(const Task& task, const InterruptFrame& frame);

/// True when the tasks of the running phase shall end.
bool phase_over();

/// Runs the tasks that are in the scheduler's ring for `wanted` switches, and says on the console
/// whether they were made. The caller destroys the tasks.
void run_phase(std::string_view name, std::uint64_t wanted);

} // namespace guest::tests
