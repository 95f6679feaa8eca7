#pragma once
// The ring-3 test tasks, and when they must stop.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>
#include <string_view>

namespace guest::tests {

/// Whether the tasks of the running phase must end.
bool phase_over();

/// Begin and end a phase of all processors. The tasks of a processor stop after `wanted` switches
/// there, or when the phase is ended. Called on processor 0, before its tasks run.
void begin_phase(std::uint64_t wanted);
void end_phase();
/// Begins a phase that only end_phase ends.
void begin_endless_phase();

/// Runs this processor's part of a phase: its ring. Returns false if its tasks had to be stopped.
bool run_phase_here(Cpu& cpu, std::uint64_t wanted);
/// The same with test tasks of its own. Also returns false if there were fewer than `wanted`
/// switches.
bool run_tasks_here(Cpu& cpu, bool preemptive, std::uint64_t wanted);

/// Creates a test task with the identifier `number` + 1. The caller destroys it.
Task* create_test_task(std::uint32_t number, const AddressSpace& space, std::uint32_t stack,
                       bool preemptive);

/// Runs the tasks that are in the scheduler's ring for `wanted` switches, and says on the console
/// whether they were made. The caller destroys the tasks.
void run_phase(std::string_view name, std::uint64_t wanted);

} // namespace guest::tests
