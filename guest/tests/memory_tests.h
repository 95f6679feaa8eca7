#pragma once
// Memory integrity: ring-3 tasks that change their own mappings, and fork, at random.

#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"
#include "guest/programs/program_call.h"

#include <cstdint>

namespace guest::tests {

/// Both phases, yielding and preempted. What the tasks find goes to Check::memory.
void test_memory();

/// map_pages to move_pages of `task`. False if the range does not exist.
bool change_pages(const Task& task, programs::ProgramCall how, std::uint64_t first,
                  std::uint64_t count, bool writable);

/// Maps a page of the running task in a lazy section and yields before the section ends. True if
/// the page was there behind the switch, and the section went on.
bool yield_in_section(Cpu& cpu);

/// Forks the running task, interrupted in ring 3 with `frame`. The child's id, or
/// system_call_refused if there are too many.
std::uint64_t fork_current(const InterruptFrame& frame);

} // namespace guest::tests
