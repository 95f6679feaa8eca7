#pragma once
// Running one guest instruction with a protected page writable, under the monitor trap flag.

#include <cstdint>

namespace hv {

struct Vcpu;

/// Opens the protected page that holds `gpa` for the instruction at RIP; the exit that follows it
/// (MONITOR_TRAP_FLAG) ends with end_single_step. False when the processor has no monitor trap
/// flag, or a step is on its way already (an instruction that writes two protected pages).
bool begin_single_step(Vcpu& vcpu, std::uint64_t gpa);

/// Closes the page, judges what was written to it, and takes it all back when that is refused.
void end_single_step(Vcpu& vcpu);

} // namespace hv
