#pragma once
// Interrupts that processors send each other.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

#include <cstdint>

namespace guest::processor_interrupts {

/// One of interrupts.h's vectors to `cpu`, which must be online.
void send(const Cpu& cpu, std::uint32_t vector);

/// Passes each tick of processor 0's timer on to the others, or no longer.
void forward_ticks(bool on);

/// Part of processor 0's timer interrupt.
void forward_tick(const Cpu& cpu);

/// An interrupt with one of these vectors.
void handle(InterruptFrame& frame);

} // namespace guest::processor_interrupts
