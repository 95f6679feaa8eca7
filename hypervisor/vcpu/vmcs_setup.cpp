#include "hypervisor/vcpu/vmcs_setup.h"

#include "hypervisor/console/console.h"
#include "hypervisor/vcpu/control_registers.h"
#include "hypervisor/vcpu/guest_root.h"
#include "hypervisor/vcpu/msr_policy.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/vmx/msr.h"

#include <iterator>

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
    vcpu.primary_controls = machine.controls.primary;
    vmcs.write(Field::primary_processor_based_controls, vcpu.primary_controls);
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
        vmcs.write(Field::ept_pointer, machine.ept.pointer(vcpu.number));
    if (machine.has(secondary_processor_based::enable_vpid))
        vmcs.write(Field::virtual_processor_identifier, vcpu.vpid);
    if (machine.has(secondary_processor_based::enable_xsaves_xrstors))
        vmcs.write(Field::xss_exiting_bitmap, 0);
    vmcs.write(Field::vmcs_link_pointer, no_vmcs_link);

    // Write protection is the shadow tables' only means.
    vcpu.cr0_forced = machine.shadows.in_use() ? cr0::write_protect : 0;
    vcpu.cr0_mask =
        machine.owns_descriptors() ? ~std::uint64_t{0} : ~cr0_guest_owned | vcpu.cr0_forced;
    vcpu.cr4_mask = ~cr4_guest_owned;
    if (machine.shadows.in_use())
        vcpu.cr4_mask |= cr4::page_global_enable;
    vmcs.write(Field::cr0_guest_host_mask, vcpu.cr0_mask);
    vmcs.write(Field::cr4_guest_host_mask, vcpu.cr4_mask);
}

void set_primary_control(Vcpu& vcpu, std::uint32_t control_bit, bool on) {
    const std::uint32_t wanted =
        on ? vcpu.primary_controls | control_bit : vcpu.primary_controls & ~control_bit;
    const std::uint64_t capability = vcpu.machine->capabilities.primary_processor_based;
    if (wanted == vcpu.primary_controls || negotiate(wanted, 0, capability).value != wanted)
        return;
    vcpu.primary_controls = wanted;
    vcpu.vmcs.write(Field::primary_processor_based_controls, wanted);
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

namespace {

struct SegmentFields {
    Field selector;
    Field base;
    Field limit;
    Field access_rights;
};

/// By number in instructions: ES, CS, SS, DS, FS, GS.
constexpr SegmentFields segment_fields[]{{Field::guest_es_selector, Field::guest_es_base,
                                          Field::guest_es_limit, Field::guest_es_access_rights},
                                         {Field::guest_cs_selector, Field::guest_cs_base,
                                          Field::guest_cs_limit, Field::guest_cs_access_rights},
                                         {Field::guest_ss_selector, Field::guest_ss_base,
                                          Field::guest_ss_limit, Field::guest_ss_access_rights},
                                         {Field::guest_ds_selector, Field::guest_ds_base,
                                          Field::guest_ds_limit, Field::guest_ds_access_rights},
                                         {Field::guest_fs_selector, Field::guest_fs_base,
                                          Field::guest_fs_limit, Field::guest_fs_access_rights},
                                         {Field::guest_gs_selector, Field::guest_gs_base,
                                          Field::guest_gs_limit, Field::guest_gs_access_rights}};
constexpr SegmentFields ldtr_fields{Field::guest_ldtr_selector, Field::guest_ldtr_base,
                                    Field::guest_ldtr_limit, Field::guest_ldtr_access_rights};
constexpr SegmentFields tr_fields{Field::guest_tr_selector, Field::guest_tr_base,
                                  Field::guest_tr_limit, Field::guest_tr_access_rights};

constexpr Segment flat_code(std::uint16_t selector) {
    return {selector, 0, 0xFFFFFFFF, {flat_code_rights}};
}
constexpr Segment flat_data(std::uint16_t selector) {
    return {selector, 0, 0xFFFFFFFF, {flat_data_rights}};
}
/// Of a vCPU that runs nothing yet: VM entry asks for a code segment.
constexpr std::uint16_t no_code_selector = 0x08;
constexpr Segment no_segment{};
constexpr std::uint32_t tss_limit = 103;

void write(const Vmcs& vmcs, const SegmentFields& fields, const Segment& segment) {
    vmcs.write(fields.selector, segment.selector);
    vmcs.write(fields.base, segment.base);
    vmcs.write(fields.limit, segment.limit);
    vmcs.write(fields.access_rights, segment.access_rights.raw);
}

} // namespace

void write_segment(Vcpu& vcpu, std::size_t number, const Segment& segment) {
    write(vcpu.vmcs, segment_fields[number], segment);
}

Segment read_segment(Vcpu& vcpu, std::size_t number) {
    const Vmcs& vmcs = vcpu.vmcs;
    const SegmentFields& fields = segment_fields[number];
    return {static_cast<std::uint16_t>(vmcs.read(fields.selector)),
            vmcs.read(fields.base),
            static_cast<std::uint32_t>(vmcs.read(fields.limit)),
            {static_cast<std::uint32_t>(vmcs.read(fields.access_rights))}};
}

void write_reset_state(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const VirtualMachine& machine = *vcpu.machine;
    constexpr std::size_t cs = 1;
    for (std::size_t number = 0; number < std::size(segment_fields); ++number)
        write_segment(vcpu, number, number == cs ? flat_code(no_code_selector) : no_segment);
    write(vmcs, ldtr_fields, no_segment);
    // TR is never unusable (SDM vol. 3, 27.3.1.2).
    write(vmcs, tr_fields, {0, 0, tss_limit, {busy_tss_rights}});
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
}

void write_guest_state(Vcpu& vcpu, const LoadedGuest& guest) {
    const Vmcs& vmcs = vcpu.vmcs;
    write_reset_state(vcpu);
    constexpr std::size_t data_segments[]{0, 2, 3}; // ES, SS, DS
    for (const std::size_t number : data_segments)
        write_segment(vcpu, number, flat_data(guest.selectors.data));
    write_segment(vcpu, 1, flat_code(guest.selectors.code));
    write(vmcs, tr_fields, {guest.selectors.tss, boot_area::tss, tss_limit, {busy_tss_rights}});
    vcpu.followed_tr = guest.selectors.tss;
    vmcs.write(Field::guest_gdtr_base, boot_area::gdt);
    vmcs.write(Field::guest_gdtr_limit, boot_gdt_limit);
    vmcs.write(Field::guest_rip, guest.entry);
    vmcs.write(Field::guest_activity_state, 0);
    if (!load_root(vcpu, boot_area::page_tables))
        console::fail("the boot page tables cannot be loaded");
    vcpu.registers.rdi = guest.rdi;
    vcpu.registers.rsi = guest.rsi;
}

} // namespace hv
