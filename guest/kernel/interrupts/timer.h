#pragma once
// The timer: PIT channel 0 through the two 8259 interrupt controllers.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

#include <cstdint>

namespace guest::timer {

/// Interrupts a second while the timer runs. More would be too many: where every operation of a
/// switch causes a VM exit, on an emulator that executes some 20 million instructions a second, a
/// switch takes more than a millisecond. At 1000 Hz the tasks would make no progress between two
/// ticks.
inline constexpr std::uint32_t frequency = 250;

/// Sets up both controllers with every line masked, and the PIT.
void initialise();

/// Masks or unmasks the timer's line; the PIT itself continues to run. A tick that is already
/// pending is taken when interrupts are next enabled.
void start();
void stop();

/// Handles a tick: the timer's own interrupt, or one that processor 0 passed on.
void tick(Cpu& cpu, const InterruptFrame& frame);

/// Handles an interrupt of line `irq`, below interrupts::irqs.
void handle_irq(InterruptFrame& frame, std::uint32_t irq);

} // namespace guest::timer
