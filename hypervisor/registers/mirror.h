#pragma once
// The mirrors of registers in the per-vCPU area, from which the ROM answers without an exit.

namespace hv {

struct Vcpu;

/// Writes all mirrors from the values in force.
void mirror_registers(Vcpu& vcpu);

} // namespace hv
