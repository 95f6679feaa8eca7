#pragma once
// Tasks that all processors run, and send each other while they do.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/tasks/task.h"

#include <cstdint>

namespace guest::tests {

inline constexpr std::uint32_t max_crowd = 64;

namespace task_crowd {

/// How tasks let others run: they yield, or wait for the timer, or some this and some that.
enum class Waiting : std::uint8_t { cooperative, preemptive, both };

/// Test tasks, and memory tasks with a thread each, four for each processor, none runnable yet. The
/// phase ends at `deadline` of the TSC, if that is not 0.
void create(std::uint32_t participants, Waiting waiting, std::uint64_t deadline);

/// A processor's part: runs tasks, and sends one to another processor every few switches, until
/// all have ended. Tasks end when the phase is over (tests/task_tests.h).
void run(Cpu& cpu);

/// On processor 0, when all parts are done.
void destroy();

/// Forks so far, of all crowds.
std::uint64_t forks();

/// Whether a crowd runs, so that forks go into it.
bool running();
/// Forks the running task, interrupted in ring 3 with `frame`; system_call_refused if it cannot.
std::uint64_t fork(const InterruptFrame& frame);

} // namespace task_crowd
} // namespace guest::tests
