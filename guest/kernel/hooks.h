#pragma once
// What the kernel leaves to the parts around it: self-tests, hostile guests and workloads. The
// kernel only declares and calls these functions; guest/hooks.cpp defines them. So the kernel
// includes nothing of those parts, and a hook costs what any call costs.

#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::hooks {

/// Offers an exception before the kernel judges it: every exception of the kernel itself, and those
/// of ring 3 for which the kernel has no handler. Returns true if the exception was expected; then
/// `frame` says where execution goes on. Must not touch this_cpu() unless it expects an exception:
/// the user's GS base may be loaded.
bool take_exception(InterruptFrame& frame);

/// Called before `task`, which had no fault handler, is ended by the exception in `frame`.
void task_died(const Task& task, const InterruptFrame& frame);

/// Carries out a system call whose number is first_program_call or above, for the running task.
/// Interrupts are off. Returns the call's result, or system_call_refused.
std::uint64_t program_call(Cpu& cpu, std::uint64_t number, std::uint64_t first,
                           std::uint64_t second, std::uint64_t third);

/// Forks the running task, which was interrupted in ring 3 with `frame`. Returns the child's
/// identifier, or system_call_refused if there are too many tasks.
std::uint64_t fork(const InterruptFrame& frame);

} // namespace guest::hooks
