#pragma once
// How long the monitor runs between two moments at which the guest can take an interrupt.
//
// The counters are read at each interrupt. Usually one VM exit lies between two of them. If there
// are several (the delivery of the interrupt itself exits, or some exits are short), the average
// counts: of the page faults that filled shadow tables, whose time the monitor counts separately,
// or of the others. So the result is never more than the longest exit took.

#include "shared/exit_reason.h"

#include <cstdint>

namespace guest::longest_exit {

struct Measured {
    std::uint64_t instructions; ///< of the longest exit, in ticks of the TSC
    std::uint64_t exits;        ///< VM exits in all of the step
    abi::ExitReason reason;     ///< why it came
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
