#pragma once
// The ring-3 test tasks, and when they shall stop.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>
#include <string_view>

namespace guest::tests {

/// True when the tasks of the running phase shall end.
bool phase_over();

/// A phase of all processors: each one's tasks stop after `wanted` switches there, or when the
/// phase is ended. On processor 0, before its tasks run.
void begin_phase(std::uint64_t wanted);
void end_phase();
/// One that only end_phase ends.
void begin_endless_phase();

/// Part of such a phase: runs the ring of this processor. False if its tasks had to be stopped.
bool run_phase_here(Cpu& cpu, std::uint64_t wanted);
/// The same with test tasks of its own. False too if there were not so many switches.
bool run_tasks_here(Cpu& cpu, bool preemptive, std::uint64_t wanted);

/// One test task, with the id `number` + 1. The caller destroys it.
Task* create_test_task(std::uint32_t number, const AddressSpace& space, std::uint32_t stack,
                       bool preemptive);

/// Runs the tasks that are in the scheduler's ring for `wanted` switches, and says on the console
/// whether they were made. The caller destroys the tasks.
void run_phase(std::string_view name, std::uint64_t wanted);

} // namespace guest::tests
