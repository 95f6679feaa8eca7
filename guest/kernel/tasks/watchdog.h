#pragma once
// Notices a processor that gets nowhere: processor 0's tick looks at all others, processor 1's own
// timer at processor 0. One that has neither switched tasks nor waited for work for long is named,
// with where it is if it answers, and ends the run.

#include <cstdint>

namespace guest::watchdog {

/// Ticks of the TSC without progress, and then without an answer.
inline constexpr std::uint64_t usual_patience = 200'000'000;

/// While every processor runs tasks that yield or are preempted. Where there is one processor there
/// is nobody to look.
void start(std::uint64_t patience = usual_patience);
void stop();

/// Part of processor 0's tick.
void look_at_others();
/// An interrupt of processor 1's timer.
void look_at_processor_0();

} // namespace guest::watchdog
