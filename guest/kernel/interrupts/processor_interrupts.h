#pragma once
// Interrupts that processors send each other.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

#include <cstdint>

namespace guest::processor_interrupts {

/// Sends an interrupt with one of the vectors of interrupts.h to `cpu`, which must be online.
void send(const Cpu& cpu, std::uint32_t vector);

/// Starts or stops passing each tick of processor 0's timer on to the other processors.
void forward_ticks(bool on);

/// Passes a tick on, if that is on. Called by each processor's timer interrupt; acts on processor 0
/// only.
void forward_tick(const Cpu& cpu);

/// Handles an interrupt with one of the local APIC's vectors.
void handle(InterruptFrame& frame);

} // namespace guest::processor_interrupts
