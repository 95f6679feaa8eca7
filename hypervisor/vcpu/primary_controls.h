#pragma once
// The primary processor-based VM-execution controls of one vCPU that change while it runs.

#include <cstdint>

namespace hv {

struct Vcpu;

/// Sets or clears one primary processor-based control for this vCPU, if the processor
/// allows it. Does nothing if the control already has that value.
void set_primary_control(Vcpu& vcpu, std::uint32_t control_bit, bool on);

} // namespace hv
