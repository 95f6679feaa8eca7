#include "hypervisor/boot/vmcs/vmcs_setup.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/host/console.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/reset_state.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"

namespace hv {

namespace {

constexpr std::uint64_t no_vmcs_link = ~std::uint64_t{0};

} // namespace

void write_controls(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const VirtualMachine& machine = *vcpu.machine;
    vmcs.write(Field::pin_based_controls, machine.controls.pin_based);
    vcpu.primary_controls = machine.controls.primary;
    vmcs.write(Field::primary_processor_based_controls, vcpu.primary_controls);
    vmcs.write(Field::secondary_processor_based_controls, machine.controls.secondary);
    vmcs.write(Field::primary_vm_exit_controls, machine.controls.exit);
    vmcs.write(Field::vm_entry_controls, machine.controls.entry);
    vcpu.exception_bitmap = machine.demands.exceptions;
    vmcs.write(Field::exception_bitmap, vcpu.exception_bitmap);
    vmcs.write(Field::page_fault_error_code_mask, 0);
    vmcs.write(Field::page_fault_error_code_match, 0);
    vmcs.write(Field::cr3_target_count, vcpu.roots.limit);
    for (const Field field : target_fields)
        if (vcpu.roots.limit != 0)
            vmcs.write(field, no_target);
    vmcs.write(Field::vm_exit_msr_store_count, 0);
    vmcs.write(Field::vm_exit_msr_load_count, 0);
    vmcs.write(Field::vm_entry_msr_load_count, 0);
    vmcs.write(Field::vm_entry_interruption_information, 0);
    vmcs.write(Field::io_bitmap_a_address, machine.io_bitmaps);
    vmcs.write(Field::io_bitmap_b_address, machine.io_bitmaps + page_size);
    vmcs.write(Field::msr_bitmaps_address, machine.msr_bitmaps);
    if (machine.has(secondary_processor_based::enable_ept))
        vmcs.write(Field::ept_pointer, machine.ept.pointer(vcpu.number));
    if (machine.has(secondary_processor_based::enable_vpid))
        vmcs.write(Field::virtual_processor_identifier, vcpu.vpid);
    if (machine.has(secondary_processor_based::enable_xsaves_xrstors))
        vmcs.write(Field::xss_exiting_bitmap, 0);
    vmcs.write(Field::vmcs_link_pointer, no_vmcs_link);

    // With "unrestricted guest" PE and PG may be clear (SDM vol. 3, 24.8).
    constexpr std::uint64_t mode_bits = cr0::protection_enable | cr0::paging;
    vcpu.cr0_forced =
        machine.demands.cr0_forced |
        (machine.capabilities.cr0_fixed0 & ~(machine.runs_in_every_mode() ? mode_bits : 0));
    vcpu.cr0_mask =
        machine.owns_descriptors() ? ~std::uint64_t{0} : ~cr0_guest_owned | vcpu.cr0_forced;
    vcpu.cr4_mask = ~cr4_guest_owned | machine.demands.cr4_owned;
    vmcs.write(Field::cr0_guest_host_mask, vcpu.cr0_mask);
    vmcs.write(Field::cr4_guest_host_mask, vcpu.cr4_mask);
}

void write_host_state(Vcpu& vcpu, const HostState& host) {
    const Vmcs& vmcs = vcpu.vmcs;
    const Controls& controls = vcpu.machine->controls;
    vmcs.write(Field::host_cr0, host.cr0);
    vmcs.write(Field::host_cr3, host.cr3);
    // For RDPKRU. The monitor's own pages are the supervisor's: no key applies to them.
    vmcs.write(Field::host_cr4,
               host.cr4 | (vcpu.machine->offered_cr4 & cr4::protection_key_enable));
    vmcs.write(Field::host_cs_selector, host.code_selector);
    for (const Field field :
         {Field::host_ss_selector, Field::host_ds_selector, Field::host_es_selector})
        vmcs.write(field, host.data_selector);
    vmcs.write(Field::host_fs_selector, 0);
    vmcs.write(Field::host_gs_selector, 0);
    vmcs.write(Field::host_tr_selector, host.tss_selector);
    vmcs.write(Field::host_fs_base, host.fs_base);
    vmcs.write(Field::host_gs_base, 0);
    vmcs.write(Field::host_tr_base, host.tr_base);
    vmcs.write(Field::host_gdtr_base, host.gdt_base);
    vmcs.write(Field::host_idtr_base, host.idt_base);
    vmcs.write(Field::host_ia32_sysenter_cs, 0);
    vmcs.write(Field::host_ia32_sysenter_esp, 0);
    vmcs.write(Field::host_ia32_sysenter_eip, 0);
    vmcs.write(Field::host_rsp,
               reinterpret_cast<std::uint64_t>(&vcpu.registers) + sizeof(vcpu.registers));
    vmcs.write(Field::host_rip, host.rip);
    if ((controls.exit & vm_exit::load_ia32_pat) != 0)
        vmcs.write(Field::host_ia32_pat, host.pat);
    if ((controls.exit & vm_exit::load_ia32_efer) != 0)
        vmcs.write(Field::host_ia32_efer, host.efer);
}

namespace {

// What does not depend on the mode.
void write_start(Vcpu& vcpu, const LoadedGuest& guest) {
    const Vmcs& vmcs = vcpu.vmcs;
    vmcs.write(Field::guest_gdtr_base, boot_area::gdt);
    vmcs.write(Field::guest_gdtr_limit, boot_gdt_limit);
    vmcs.write(Field::guest_rip, guest.entry);
    vmcs.write(Field::guest_activity_state, 0);
    vcpu.registers.rax = guest.rax;
    vcpu.registers.rbx = guest.rbx;
    vcpu.registers.rdi = guest.rdi;
    vcpu.registers.rsi = guest.rsi;
}

} // namespace

void write_guest_state(Vcpu& vcpu, const LoadedGuest& guest) {
    if (guest.mode == StartMode::protected_mode) {
        load_protected_mode_state(vcpu, guest.selectors.code, guest.selectors.data);
        write_start(vcpu, guest);
        return;
    }
    write_reset_state(vcpu);
    constexpr std::size_t data_segments[]{0, 2, 3}; // ES, SS, DS
    for (const std::size_t number : data_segments)
        write_segment(vcpu, number, flat_data(guest.selectors.data));
    write_segment(vcpu, 1, flat_code(guest.selectors.code));
    write_task_register(vcpu, busy_tss(guest.selectors.tss, boot_area::tss));
    vcpu.followed_tr = guest.selectors.tss;
    write_start(vcpu, guest);
    if (load_root(vcpu, boot_area::page_tables) != abi::Error::none)
        console::fail("the boot page tables cannot be loaded");
}

} // namespace hv
