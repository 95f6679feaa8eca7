#pragma once
// Page faults that the interrupted code has not caused by an error.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

namespace guest::page_fault {

/// Returns true if the interrupted code may go on: either its access is allowed once what was
/// queued is executed (docs/abi.md, "Lazy modes"), or it now has its own copy of a page that fork
/// left shared.
bool resolve(Cpu& cpu, const InterruptFrame& frame);

} // namespace guest::page_fault
