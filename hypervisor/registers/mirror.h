#pragma once
// The shadow copies in the per-vCPU area, from which the ROM answers without an exit.

namespace hv {

struct Vcpu;

/// Writes all copies from what is in force.
void mirror_registers(Vcpu& vcpu);

} // namespace hv
