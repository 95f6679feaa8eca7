#pragma once
// Notices a processor that makes no progress. Processor 0's tick checks all others; processor 1's
// own timer checks processor 0. If a processor has neither switched tasks nor waited for work for a
// long time, its number is printed, with its RIP if it answers, and the run ends.

#include <cstdint>

namespace guest::watchdog {

/// Ticks of the TSC that may pass without progress, and then without an answer.
inline constexpr std::uint64_t usual_patience = 200'000'000;

/// Between start and stop every processor must run tasks that yield or are preempted. Does nothing
/// if there is only one processor, as no other could check it.
void start(std::uint64_t patience = usual_patience);
void stop();

/// Called at each tick of processor 0.
void look_at_others();
/// Called at each interrupt of processor 1's timer.
void look_at_processor_0();

} // namespace guest::watchdog
