#include "hypervisor/boot/vmx_operation.h"

#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/processor/vmx_instructions.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/registers/control_registers.h"

namespace hv {

using console::fail;

void enter_vmx_operation(const Capabilities& capabilities, std::uint64_t vmxon_region,
                         std::uint64_t vmcs_region) {
    const std::uint32_t revision = capabilities.basic.vmcs_revision_identifier();
    direct_word<std::uint32_t>(vmxon_region) = revision;
    direct_word<std::uint32_t>(vmcs_region) = revision;
    cpu::write_cr0((cpu::read_cr0() | capabilities.cr0_fixed0) & capabilities.cr0_fixed1);
    // OSXSAVE where there is XSAVE: the guest's XSETBV is executed here.
    cpu::write_cr4((cpu::read_cr4() | capabilities.cr4_fixed0 | cr4::vmx_enable | cr4::osxsave) &
                   capabilities.cr4_fixed1);
    if (!cpu::vmxon(vmxon_region))
        fail("VMXON failed; VMCS revision ", revision);
    if (!cpu::vmclear(vmcs_region) || !cpu::vmptrld(vmcs_region))
        fail("VMCLEAR or VMPTRLD failed; VMCS revision ", revision);
}

} // namespace hv
