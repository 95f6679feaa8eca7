#pragma once
// How a processor drops the translations of one vCPU (SDM vol. 3, 29.4.3.3).

#include "hypervisor/host/processor/vmx_instructions.h"

namespace hv {

/// How this processor drops translations of one vCPU: the INVVPID types that it supports.
struct Invalidation {
    cpu::InvvpidDescriptor descriptor;
    cpu::InvvpidType non_global;
    cpu::InvvpidType all;
};

} // namespace hv
