#pragma once
// The IDT, the TSS, and a timer by which code can be interrupted.

#include <cstdint>

namespace guest::i386 {

/// Loads the IDT and TR, and what SYSEXIT needs. All interrupts but the timer's are masked.
void prepare_interrupts();
/// How often the timer has interrupted.
std::uint32_t timer_ticks();

} // namespace guest::i386
