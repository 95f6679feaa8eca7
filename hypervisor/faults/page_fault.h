#pragma once
// Page faults under shadow paging.

#include "hypervisor/vmx/interruption_information.h"

namespace hv {

struct Vcpu;

/// #PF: fills the shadow tables, lets a store to a protected page come about, or gives the guest
/// the fault that is its own.
void handle_page_fault(Vcpu& vcpu, InterruptionInformation event);

} // namespace hv
