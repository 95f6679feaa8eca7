#include "hypervisor/vcpu/vmcs_setup.h"

#include "hypervisor/loader/guest_loader.h"
#include "hypervisor/vcpu/control_registers.h"
#include "hypervisor/vcpu/guest_root.h"
#include "hypervisor/vcpu/msr_policy.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/vmx/msr.h"

namespace hv {

namespace {

/// CR0 bits that modern guests write without an exit: MP, EM, TS, WP, AM.
constexpr std::uint64_t cr0_guest_owned = 0x0005'000E;

constexpr std::uint64_t default_pat = 0x0007040600070406;
constexpr std::uint64_t default_dr7 = 0x400;
constexpr std::uint64_t default_rflags = 2;
constexpr std::uint64_t no_vmcs_link = ~std::uint64_t{0};
constexpr std::uint64_t default_guest_cr0 = cr0::protection_enable | cr0::extension_type |
                                            cr0::numeric_error | cr0::write_protect | cr0::paging;

constexpr std::uint32_t flat_code_rights = 0xA09B;
constexpr std::uint32_t flat_data_rights = 0xC093;
constexpr std::uint32_t busy_tss_rights = 0x8B;

} // namespace

void write_controls(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const VirtualMachine& machine = *vcpu.machine;
    vmcs.write(Field::pin_based_controls, machine.controls.pin_based);
    vmcs.write(Field::primary_processor_based_controls, machine.controls.primary);
    vmcs.write(Field::secondary_processor_based_controls, machine.controls.secondary);
    vmcs.write(Field::primary_vm_exit_controls, machine.controls.exit);
    vmcs.write(Field::vm_entry_controls, machine.controls.entry);
    vcpu.exception_bitmap = machine.shadows.in_use() ? 1U << vector::page_fault : 0;
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
        vmcs.write(Field::ept_pointer, machine.ept.pointer());
    if (machine.has(secondary_processor_based::enable_vpid))
        vmcs.write(Field::virtual_processor_identifier, vcpu.vpid);
    if (machine.has(secondary_processor_based::enable_xsaves_xrstors))
        vmcs.write(Field::xss_exiting_bitmap, 0);
    vmcs.write(Field::vmcs_link_pointer, no_vmcs_link);

    vcpu.cr0_mask = machine.owns_descriptors() ? ~std::uint64_t{0} : ~cr0_guest_owned;
    // Write protection is the shadow tables' only means.
    vcpu.cr0_forced = machine.shadows.in_use() ? cr0::write_protect : 0;
    vcpu.cr4_mask = ~cr4_guest_owned;
    if (machine.shadows.in_use())
        vcpu.cr4_mask |= cr4::page_global_enable;
    vmcs.write(Field::cr0_guest_host_mask, vcpu.cr0_mask);
    vmcs.write(Field::cr4_guest_host_mask, vcpu.cr4_mask);
}

void write_host_state(Vcpu& vcpu, const HostState& host) {
    const Vmcs& vmcs = vcpu.vmcs;
    const Controls& controls = vcpu.machine->controls;
    vmcs.write(Field::host_cr0, host.cr0);
    vmcs.write(Field::host_cr3, host.cr3);
    vmcs.write(Field::host_cr4, host.cr4);
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

void write_guest_state(Vcpu& vcpu, std::uint64_t entry) {
    const Vmcs& vmcs = vcpu.vmcs;
    const VirtualMachine& machine = *vcpu.machine;

    vmcs.write(Field::guest_cs_selector, boot_code_selector);
    for (const Field field :
         {Field::guest_ss_selector, Field::guest_ds_selector, Field::guest_es_selector})
        vmcs.write(field, boot_data_selector);
    for (const Field field :
         {Field::guest_fs_selector, Field::guest_gs_selector, Field::guest_ldtr_selector})
        vmcs.write(field, 0);
    vmcs.write(Field::guest_tr_selector, boot_tss_selector);
    for (const Field field :
         {Field::guest_cs_base, Field::guest_ss_base, Field::guest_ds_base, Field::guest_es_base,
          Field::guest_fs_base, Field::guest_gs_base, Field::guest_ldtr_base})
        vmcs.write(field, 0);
    for (const Field field : {Field::guest_cs_limit, Field::guest_ss_limit, Field::guest_ds_limit,
                              Field::guest_es_limit})
        vmcs.write(field, 0xFFFFFFFF);
    for (const Field field :
         {Field::guest_fs_limit, Field::guest_gs_limit, Field::guest_ldtr_limit})
        vmcs.write(field, 0);
    vmcs.write(Field::guest_cs_access_rights, flat_code_rights);
    for (const Field field : {Field::guest_ss_access_rights, Field::guest_ds_access_rights,
                              Field::guest_es_access_rights})
        vmcs.write(field, flat_data_rights);
    for (const Field field : {Field::guest_fs_access_rights, Field::guest_gs_access_rights,
                              Field::guest_ldtr_access_rights})
        vmcs.write(field, AccessRights::unusable_bit);
    vmcs.write(Field::guest_tr_base, boot_area::tss);
    vmcs.write(Field::guest_tr_limit, 103);
    vmcs.write(Field::guest_tr_access_rights, busy_tss_rights);
    vmcs.write(Field::guest_gdtr_base, boot_area::gdt);
    vmcs.write(Field::guest_gdtr_limit, boot_gdt_limit);
    vmcs.write(Field::guest_idtr_base, 0);
    vmcs.write(Field::guest_idtr_limit, 0);

    vmcs.write(Field::guest_rip, entry);
    vmcs.write(Field::guest_rsp, 0);
    vmcs.write(Field::guest_rflags, default_rflags);
    vmcs.write(Field::guest_dr7, default_dr7);
    vmcs.write(Field::guest_ia32_debugctl, 0);
    vmcs.write(Field::guest_ia32_sysenter_cs, 0);
    vmcs.write(Field::guest_ia32_sysenter_esp, 0);
    vmcs.write(Field::guest_ia32_sysenter_eip, 0);
    vmcs.write(Field::guest_interruptibility_state, 0);
    vmcs.write(Field::guest_activity_state, 0);
    vmcs.write(Field::guest_pending_debug_exceptions, 0);

    if (machine.shadows.in_use())
        load_shadow_root(vcpu, boot_area::page_tables);
    else
        vmcs.write(Field::guest_cr3, boot_area::page_tables);
    vcpu.cr0_shadow = default_guest_cr0;
    vmcs.write(Field::guest_cr0, default_guest_cr0 | machine.capabilities.cr0_fixed0);
    vmcs.write(Field::cr0_read_shadow, vcpu.cr0_shadow);
    vcpu.cr4_shadow = cr4::physical_address_extension;
    vmcs.write(Field::guest_cr4, vcpu.cr4_shadow | machine.capabilities.cr4_fixed0);
    vmcs.write(Field::cr4_read_shadow, vcpu.cr4_shadow);
    vcpu.efer = efer::long_mode_enable | efer::long_mode_active;
    if ((machine.controls.entry & vm_entry::load_ia32_efer) != 0)
        vmcs.write(Field::guest_ia32_efer, real_efer(vcpu));
    if ((machine.controls.entry & vm_entry::load_ia32_pat) != 0)
        vmcs.write(Field::guest_ia32_pat, default_pat);

    vcpu.registers = {};
    vcpu.registers.rdi = boot_area::start_info;
}

} // namespace hv
