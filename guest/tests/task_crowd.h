#pragma once
// Tasks that all processors run and send to each other meanwhile.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::tests {

inline constexpr std::uint32_t max_crowd = 64;

namespace task_crowd {

/// How tasks let others run: they yield, or wait for the timer, or some do one and some the other.
enum class Waiting : std::uint8_t { cooperative, preemptive, both };

/// Creates test tasks, and memory tasks with a thread each, four for each processor, none of them
/// runnable yet. The phase ends when the TSC reaches `deadline`, if that is not 0.
void create(std::uint32_t participants, Waiting waiting, std::uint64_t deadline);

/// Runs a processor's part: runs tasks until all have ended, and sends one to another processor
/// every few switches. Tasks end when the phase is over (task_tests.h).
void run(Cpu& cpu);

/// Destroys the tasks. Called on processor 0, when all parts are done.
void destroy();

/// The number of forks so far, in all crowds.
std::uint64_t forks();

/// Whether a crowd is running; then forks join it.
bool running();
/// Forks the running task, which was interrupted in ring 3 with `frame`. Returns the child's
/// identifier, or system_call_refused.
std::uint64_t fork(const InterruptFrame& frame);

} // namespace task_crowd
} // namespace guest::tests
