#include "hypervisor/registers/reset_state.h"

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"

namespace hv {

namespace {

constexpr std::uint64_t default_pat = 0x0007040600070406;
constexpr std::uint64_t default_dr7 = 0x400;
constexpr std::uint64_t default_rflags = 2;
constexpr std::uint64_t default_guest_cr0 = cr0::protection_enable | cr0::extension_type |
                                            cr0::numeric_error | cr0::write_protect | cr0::paging;
/// The selector of CS in a vCPU that runs nothing yet: VM entry demands a code segment.
constexpr std::uint16_t no_code_selector = 0x08;

} // namespace

void write_reset_state(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const VirtualMachine& machine = *vcpu.machine;
    constexpr auto cs = static_cast<std::size_t>(SegmentNumber::cs);
    for (std::size_t number = 0; number < segment_register_count; ++number)
        write_segment(vcpu, number, number == cs ? flat_code(no_code_selector) : Segment{});
    write_ldtr(vcpu, {});
    // TR is never unusable (SDM vol. 3, 27.3.1.2).
    write_task_register(vcpu, busy_tss(0, 0));
    for (const Field field :
         {Field::guest_gdtr_base, Field::guest_gdtr_limit, Field::guest_idtr_base,
          Field::guest_idtr_limit, Field::guest_rip, Field::guest_rsp, Field::guest_cr3,
          Field::guest_ia32_debugctl, Field::guest_ia32_sysenter_cs, Field::guest_ia32_sysenter_esp,
          Field::guest_ia32_sysenter_eip, Field::guest_interruptibility_state,
          Field::guest_pending_debug_exceptions, Field::vm_entry_interruption_information})
        vmcs.write(field, 0);
    vmcs.write(Field::guest_rflags, default_rflags);
    vmcs.write(Field::guest_dr7, default_dr7);
    vcpu.followed_ldtr = 0;
    vcpu.followed_tr = 0;
    vcpu.cr0_shadow = default_guest_cr0;
    vmcs.write(Field::guest_cr0, default_guest_cr0 | vcpu.cr0_forced);
    vmcs.write(Field::cr0_read_shadow, vcpu.cr0_shadow);
    write_guest_cr4(vcpu, cr4::physical_address_extension);
    vcpu.efer = efer::long_mode_enable | efer::long_mode_active;
    vcpu.calls = machine.calls;
    vmcs.write(Field::vm_entry_controls, machine.controls.entry); // to IA-32e mode
    if ((machine.controls.entry & vm_entry::load_ia32_efer) != 0)
        vmcs.write(Field::guest_ia32_efer, real_efer(vcpu));
    if ((machine.controls.entry & vm_entry::load_ia32_pat) != 0)
        vmcs.write(Field::guest_ia32_pat, default_pat);
    vcpu.registers = {};
}

} // namespace hv
