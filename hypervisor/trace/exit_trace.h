#pragma once
// A record of each VM exit, for whoever watches a run (docs/tracing.md). Only where tracing is on
// does the processor enter the monitor at the stub that calls these functions (exits/vm_exit.S): an
// exit that is not traced has no instruction more.

#include "hypervisor/vcpu/vcpu.h"

namespace hv {

/// Turns tracing on, before a processor enters VMX operation.
void trace_exits();
bool exits_are_traced();

/// The exit that this vCPU handles ends the run: writes its record. Does nothing if it is not
/// traced.
void finish_exit_trace(Vcpu& vcpu);

} // namespace hv

/// Called by the stub before and after the exit is handled; the clock (vcpu.exit_time) starts anew
/// after the first. No counter of the monitor sees either.
extern "C" void begin_exit_trace(hv::GuestRegisters& registers);
extern "C" void end_exit_trace(hv::GuestRegisters& registers);
