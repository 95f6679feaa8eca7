#pragma once
// Page faults under shadow paging.

#include "hypervisor/vmx/interruption_information.h"

namespace hv {

struct Vcpu;

/// #PF: fills the shadow tables, carries out a store to a protected page, or passes the fault on to
/// the guest. `event` is the VM-exit interruption information.
void handle_page_fault(Vcpu& vcpu, InterruptionInformation event);

} // namespace hv
