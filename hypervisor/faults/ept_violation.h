#pragma once
// Violations of EPT: stores to protected pages, and accesses to memory that the guest does not
// have.

namespace hv {

struct Vcpu;

void handle_ept_violation(Vcpu& vcpu);

} // namespace hv
