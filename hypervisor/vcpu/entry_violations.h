#pragma once
// What VM entry would say of a vCPU's VMCS, by the checker (entry_check/entry_checker.h).

#include "hypervisor/entry_check/entry_checker.h"
#include "hypervisor/host/console.h"

namespace hv {

struct Vcpu;

/// The rules that the VMCS breaks as it is now.
EntryReport entry_violations(const Vcpu& vcpu);

/// The rule, its section of the manual, the field and its value.
console::Text describe(const Violation& violation);

} // namespace hv
