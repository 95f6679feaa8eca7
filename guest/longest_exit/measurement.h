#pragma once
// How long the monitor runs between two moments at which the guest takes an interrupt.

#include "shared/exit_reason.h"

#include <cstdint>

namespace guest::longest_exit {

struct Measured {
    std::uint64_t instructions; ///< the longest that the monitor ran, in ticks of the TSC
    std::uint64_t exits;        ///< VM exits in all of the step
    abi::ExitReason reason;     ///< of an exit between those two moments
};

/// Once, before anything is measured.
void prepare_measurement();

/// Interrupts are on from begin to end, and come all the time: whenever one can, one does.
void begin_measurement();
Measured end_measurement();

/// For steps that stop the local APIC's timer: starts it again.
void resume_interrupts();

/// Ticks of the TSC since the first begin_measurement().
std::uint64_t ticks_spent();

} // namespace guest::longest_exit
