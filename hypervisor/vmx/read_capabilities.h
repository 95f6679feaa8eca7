#pragma once
// Reading the VMX capability MSRs, each only where another says that it exists (SDM vol. 3,
// appendix A).

#include "hypervisor/vmx/capability.h"
#include "hypervisor/vmx/controls.h"

namespace hv {

/// Reads them all, and none that does not exist. `read_msr` is called as std::uint64_t(Msr);
/// CPUID.1:ECX.VMX must be set.
template <typename ReadMsr>
Capabilities read_capabilities(ReadMsr read_msr) {
    Capabilities result;
    result.basic = {read_msr(Msr::ia32_vmx_basic)};
    result.pin_based = read_msr(pin_based_capability(result.basic));
    result.primary_processor_based = read_msr(primary_processor_based_capability(result.basic));
    result.vm_exit = read_msr(vm_exit_capability(result.basic));
    result.vm_entry = read_msr(vm_entry_capability(result.basic));
    result.misc = {read_msr(Msr::ia32_vmx_misc)};
    result.cr0_fixed0 = read_msr(Msr::ia32_vmx_cr0_fixed0);
    result.cr0_fixed1 = read_msr(Msr::ia32_vmx_cr0_fixed1);
    result.cr4_fixed0 = read_msr(Msr::ia32_vmx_cr4_fixed0);
    result.cr4_fixed1 = read_msr(Msr::ia32_vmx_cr4_fixed1);
    const auto may_set = [](std::uint64_t capability, std::uint32_t control_bit) {
        return ((capability >> 32) & control_bit) != 0;
    };
    if (may_set(result.primary_processor_based,
                primary_processor_based::activate_secondary_controls))
        result.secondary_processor_based = read_msr(Msr::ia32_vmx_procbased_ctls2);
    if (may_set(result.primary_processor_based,
                primary_processor_based::activate_tertiary_controls))
        result.tertiary_processor_based = read_msr(Msr::ia32_vmx_procbased_ctls3);
    if (may_set(result.vm_exit, vm_exit::activate_secondary_controls))
        result.secondary_vm_exit = read_msr(Msr::ia32_vmx_exit_ctls2);
    if (may_set(result.secondary_processor_based,
                secondary_processor_based::enable_ept | secondary_processor_based::enable_vpid))
        result.ept_vpid = {read_msr(Msr::ia32_vmx_ept_vpid_cap)};
    if (may_set(result.secondary_processor_based, secondary_processor_based::enable_vm_functions))
        result.vm_functions = read_msr(Msr::ia32_vmx_vmfunc);
    return result;
}

} // namespace hv
