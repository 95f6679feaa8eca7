#pragma once
// Page faults that are no fault of the interrupted code.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/frame.h"

namespace guest::page_fault {

/// True if the interrupted code may go on: its access is allowed once what was queued is executed
/// (docs/abi.md, "Lazy modes"), or it has its own copy of a page now that fork left shared.
bool resolve(Cpu& cpu, const InterruptFrame& frame);

} // namespace guest::page_fault
