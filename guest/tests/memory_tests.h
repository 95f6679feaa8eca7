#pragma once
// Memory integrity: ring-3 tasks that change their own mappings, and fork, at random.

#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"
#include "guest/programs/program_call.h"

#include <cstdint>

namespace guest::tests {

/// Runs both phases: tasks that yield, and tasks that are preempted. What they find is reported
/// under Check::memory.
void test_memory();

/// Carries out one of the calls map_pages to move_pages for `task`. Returns false if the range is
/// invalid.
bool change_pages(const Task& task, programs::ProgramCall how, std::uint64_t first,
                  std::uint64_t count, bool writable);

/// Maps a page of the running task in a lazy section and yields before the section ends. Returns
/// true if the page was mapped after the switch, and the section went on.
bool yield_in_section(Cpu& cpu);

/// Forks the running task, which was interrupted in ring 3 with `frame`. Returns the child's
/// identifier, or system_call_refused if there are too many tasks.
std::uint64_t fork_current(const InterruptFrame& frame);

} // namespace guest::tests
