#include "hypervisor/registers/mirror.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

void mirror_registers(Vcpu& vcpu) {
    volatile abi::ControlPage& page = vcpu.area->control;
    const Vmcs& vmcs = vcpu.vmcs;
    page.cr0 = guest_cr0(vcpu);
    page.cr3 = guest_cr3(vcpu);
    page.cr4 = guest_cr4(vcpu);
    page.gdt_base = vmcs.read(Field::guest_gdtr_base);
    page.idt_base = vmcs.read(Field::guest_idtr_base);
    page.gdt_limit = static_cast<std::uint16_t>(vmcs.read(Field::guest_gdtr_limit));
    page.idt_limit = static_cast<std::uint16_t>(vmcs.read(Field::guest_idtr_limit));
    page.ldt_selector = static_cast<std::uint16_t>(vmcs.read(Field::guest_ldtr_selector));
    page.tr_selector = static_cast<std::uint16_t>(vmcs.read(Field::guest_tr_selector));
}

} // namespace hv
