#pragma once
// Switching VMX operation on.

#include "hypervisor/vmx/capability.h"

#include <cstdint>

namespace hv {

/// Enters VMX root operation with a region of its own (VMXON), and makes `vmcs_region` the current
/// VMCS; both are physical pages. Ends the run when the processor refuses.
void enter_vmx_operation(const Capabilities& capabilities, std::uint64_t vmxon_region,
                         std::uint64_t vmcs_region);

} // namespace hv
