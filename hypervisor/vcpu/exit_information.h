#pragma once
// What the VMCS says about the VM exit that is being handled (SDM vol. 3, 25.9).

#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/exit_reason.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/segment.h"

#include <cstdint>

namespace hv {

inline ExitReasonField exit_reason(const Vcpu& vcpu) {
    return {vcpu.vmcs.read(Field::exit_reason)};
}

/// The exception or NMI that caused the exit; only if the exit reason is EXCEPTION_NMI.
inline InterruptionInformation exiting_event(const Vcpu& vcpu) {
    return {static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_interruption_information))};
}

/// The event whose delivery was interrupted by the exit; not valid() if there was none.
inline InterruptionInformation interrupted_event(const Vcpu& vcpu) {
    return {static_cast<std::uint32_t>(vcpu.vmcs.read(Field::idt_vectoring_information))};
}

/// Whether the guest was in 64-bit mode, and not in compatibility mode: CS.L (25.4.1).
inline bool in_64_bit_mode(const Vcpu& vcpu) {
    return AccessRights{static_cast<std::uint32_t>(vcpu.vmcs.read(Field::guest_cs_access_rights))}
        .long_mode();
}

} // namespace hv
