#pragma once
// CR0 and CR4 as the guest reads them: the bits that the monitor owns come from the read shadows
// (SDM vol. 3, 25.6.6); and the operating mode that follows.

#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/x86/msr.h"

#include <cstdint>

namespace hv {

/// Whether no bit of CR0 changes without an exit: then the read shadow is the whole value.
inline bool owns_cr0(const Vcpu& vcpu) { return vcpu.cr0_mask == ~std::uint64_t{0}; }

[[gnu::always_inline]] inline std::uint64_t guest_cr0(const Vcpu& vcpu) {
    if (owns_cr0(vcpu))
        return vcpu.cr0_shadow;
    return (vcpu.vmcs.read(Field::guest_cr0) & ~vcpu.cr0_mask) | (vcpu.cr0_shadow & vcpu.cr0_mask);
}

[[gnu::always_inline]] inline std::uint64_t guest_cr4(const Vcpu& vcpu) {
    return (vcpu.vmcs.read(Field::guest_cr4) & ~vcpu.cr4_mask) | (vcpu.cr4_shadow & vcpu.cr4_mask);
}

/// Whether the guest is in IA-32e mode: EFER.LMA (SDM vol. 3, 10.8.5).
inline bool in_ia32e_mode(const Vcpu& vcpu) { return (vcpu.efer & efer::long_mode_active) != 0; }

} // namespace hv
