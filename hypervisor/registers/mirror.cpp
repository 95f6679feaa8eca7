#include "hypervisor/registers/mirror.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

void mirror_registers(Vcpu& vcpu) {
    volatile abi::ControlPage& page = vcpu.area->control;
    const Vmcs& vmcs = vcpu.vmcs;
    page.cr0 = guest_cr0(vcpu);
    page.cr3 = guest_cr3(vcpu);
    page.cr4 = guest_cr4(vcpu);
    const abi::PseudoDescriptor gdtr = read_gdtr(vcpu);
    const abi::PseudoDescriptor idtr = read_idtr(vcpu);
    page.gdt_base = gdtr.base;
    page.idt_base = idtr.base;
    page.gdt_limit = gdtr.limit;
    page.idt_limit = idtr.limit;
    page.ldt_selector = static_cast<std::uint16_t>(vmcs.read(Field::guest_ldtr_selector));
    page.tr_selector = static_cast<std::uint16_t>(vmcs.read(Field::guest_tr_selector));
}

} // namespace hv
