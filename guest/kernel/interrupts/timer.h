#pragma once
// The timer: PIT channel 0 through the two 8259 interrupt controllers.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

#include <cstdint>

namespace guest::timer {

/// Interrupts a second while the timer runs. Not more: where every operation of a switch is a VM
/// exit, and the machine an emulator of some 20 million instructions a second, a switch takes more
/// than a millisecond, and at 1000 Hz the tasks between two ticks would get nowhere.
inline constexpr std::uint32_t frequency = 250;

/// Sets up both controllers with every line masked, and the PIT.
void initialise();

/// Masks or unmasks the timer's line; the PIT itself goes on. A tick that is already pending is
/// taken when interrupts are next enabled.
void start();
void stop();

/// A tick, of the timer's own interrupt or of one that processor 0 passes on.
void tick(Cpu& cpu, const InterruptFrame& frame);

/// An interrupt of line `irq`.
void handle_irq(InterruptFrame& frame, std::uint32_t irq);

} // namespace guest::timer
