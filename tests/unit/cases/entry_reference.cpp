// The valid VMCS that the VM-entry checker's tests start from.

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/segment.h"
#include "tests/unit/cases/entry_case.h"

#include <gtest/gtest.h>

namespace hv::test {

Reference::Reference() {
    Capabilities& capabilities = facts.capabilities;
    // What may be 1 over what must be 1. Bits the manual reserves may not be 1.
    capabilities.pin_based = 0x000000FF'00000016;
    capabilities.primary_processor_based = 0xFFFBFFFE'04006172;
    capabilities.secondary_processor_based = 0xDFFFFFFF'00000000;
    capabilities.tertiary_processor_based = 0x1F;
    capabilities.vm_exit = 0xFFFFFFFF'00036DFB;
    capabilities.secondary_vm_exit = 0x8;
    capabilities.vm_entry = 0x007FFFFF'000011FB;
    capabilities.misc = {4U << 16 | 0b111U << 6};
    capabilities.cr0_fixed0 = 0x80000021; // PG, NE, PE
    capabilities.cr0_fixed1 = 0xFFFFFFFF;
    capabilities.cr4_fixed0 = 0x2000; // VMXE
    capabilities.cr4_fixed1 = 0x00FF7FFF;
    capabilities.ept_vpid = {1 << 21 | 1 << 16 | 1 << 14 | 1 << 6};
    capabilities.vm_functions = 1;
    facts.physical_address_width = 40;
    facts.rtit_ctl_bits = 0xFFFFFFFF;

    auto& v = *this;
    v[Field::pin_based_controls] = 0x16;
    v[Field::primary_processor_based_controls] =
        0x04006172 | primary_processor_based::use_io_bitmaps |
        primary_processor_based::use_msr_bitmaps |
        primary_processor_based::activate_secondary_controls;
    v[Field::secondary_processor_based_controls] =
        secondary_processor_based::enable_ept | secondary_processor_based::enable_vpid;
    v[Field::primary_vm_exit_controls] = 0x36DFB | vm_exit::host_address_space_size |
                                         vm_exit::load_ia32_efer | vm_exit::load_ia32_pat;
    v[Field::vm_entry_controls] = 0x11FB | vm_entry::load_debug_controls |
                                  vm_entry::ia32e_mode_guest | vm_entry::load_ia32_efer |
                                  vm_entry::load_ia32_pat;
    v[Field::cr3_target_count] = 4;
    v[Field::io_bitmap_a_address] = 0x1000;
    v[Field::io_bitmap_b_address] = 0x2000;
    v[Field::msr_bitmaps_address] = 0x3000;
    v[Field::virtual_processor_identifier] = 1;
    v[Field::ept_pointer] = 0x1234'5000 | 3 << 3 | 6;
    for (const Field count : {Field::vm_exit_msr_store_count, Field::vm_exit_msr_load_count,
                              Field::vm_entry_msr_load_count})
        v[count] = 0;
    v[Field::vm_entry_interruption_information] = 0;

    v[Field::host_cr0] = 0x80010033;
    v[Field::host_cr3] = 0x10'0000;
    v[Field::host_cr4] = 0x2020; // VMXE, PAE
    v[Field::host_ia32_efer] = 0xD00;
    v[Field::host_ia32_pat] = 0x0007'0406'0007'0406;
    v[Field::host_es_selector] = 0x10;
    v[Field::host_cs_selector] = 0x08;
    v[Field::host_ss_selector] = 0x10;
    v[Field::host_ds_selector] = 0x10;
    v[Field::host_fs_selector] = 0;
    v[Field::host_gs_selector] = 0;
    v[Field::host_tr_selector] = 0x18;
    for (const Field base :
         {Field::host_fs_base, Field::host_gs_base, Field::host_tr_base, Field::host_gdtr_base,
          Field::host_idtr_base, Field::host_ia32_sysenter_esp, Field::host_ia32_sysenter_eip})
        v[base] = 0xFFFF8000'00001000;
    v[Field::host_rip] = 0x10'2000;

    v[Field::guest_cr0] = 0x80010033;
    v[Field::guest_cr3] = 0x20'0000;
    v[Field::guest_cr4] = 0x2020;
    v[Field::guest_dr7] = 0x400;
    v[Field::guest_ia32_debugctl] = 0;
    v[Field::guest_ia32_efer] = 0xD01;
    v[Field::guest_ia32_pat] = 0x0007'0406'0007'0406;
    v[Field::guest_ia32_sysenter_esp] = 0;
    v[Field::guest_ia32_sysenter_eip] = 0;
    v[Field::guest_cs_selector] = 0x08;
    v[Field::guest_cs_access_rights] = 0xA09B;
    v[Field::guest_ss_selector] = 0x10;
    v[Field::guest_ss_access_rights] = 0xC093;
    v[Field::guest_ds_selector] = 0x2B;
    v[Field::guest_ds_access_rights] = 0xC0F3;
    v[Field::guest_es_selector] = 0;
    v[Field::guest_es_access_rights] = AccessRights::unusable_bit;
    v[Field::guest_fs_selector] = 0x33;
    v[Field::guest_fs_access_rights] = 0xC0F3;
    v[Field::guest_gs_selector] = 0;
    v[Field::guest_gs_access_rights] = AccessRights::unusable_bit;
    v[Field::guest_ldtr_selector] = 0x50;
    v[Field::guest_ldtr_access_rights] = 0x82;
    v[Field::guest_tr_selector] = 0x40;
    v[Field::guest_tr_access_rights] = 0x8B;
    for (const Field base :
         {Field::guest_cs_base, Field::guest_ss_base, Field::guest_ds_base, Field::guest_es_base})
        v[base] = 0;
    for (const Field base : {Field::guest_fs_base, Field::guest_gs_base, Field::guest_ldtr_base,
                             Field::guest_tr_base, Field::guest_gdtr_base, Field::guest_idtr_base})
        v[base] = 0xFFFF8880'00000000;
    for (const Field limit : {Field::guest_cs_limit, Field::guest_ss_limit, Field::guest_ds_limit,
                              Field::guest_es_limit, Field::guest_fs_limit, Field::guest_gs_limit})
        v[limit] = 0xFFFFFFFF;
    v[Field::guest_ldtr_limit] = 0xFF;
    v[Field::guest_tr_limit] = 0x2067;
    v[Field::guest_gdtr_limit] = 0xFF;
    v[Field::guest_idtr_limit] = 0xFFF;
    v[Field::guest_rip] = 0xFFFF8880'00100000;
    v[Field::guest_rflags] = rflags::always_one;
    v[Field::guest_activity_state] = 0;
    v[Field::guest_interruptibility_state] = 0;
    v[Field::guest_pending_debug_exceptions] = 0;
    v[Field::vmcs_link_pointer] = ~std::uint64_t{0};
}

std::uint64_t Reference::read(Field field) const {
    const auto found = fields_.find(field);
    if (found == fields_.end()) {
        ADD_FAILURE() << "read of " << name(field) << ", which no control brings to life";
        return 0;
    }
    return found->second;
}

void Reference::tertiary(std::uint64_t control) {
    primary(primary_processor_based::activate_tertiary_controls);
    set(Field::tertiary_processor_based_controls, control);
}

void Reference::without_ept() {
    clear(Field::secondary_processor_based_controls, secondary_processor_based::enable_ept);
    fields_.erase(Field::ept_pointer);
}

void Reference::legacy_guest() {
    clear(Field::vm_entry_controls, vm_entry::ia32e_mode_guest);
    (*this)[Field::guest_ia32_efer] = 0;
    (*this)[Field::guest_cs_access_rights] = 0xC09B;
    (*this)[Field::guest_rip] = 0x10'0000;
    for (const Field entry :
         {Field::guest_pdpte0, Field::guest_pdpte1, Field::guest_pdpte2, Field::guest_pdpte3})
        (*this)[entry] = 0x5001;
}

void Reference::real_mode_guest() {
    legacy_guest();
    secondary(secondary_processor_based::unrestricted_guest);
    clear(Field::guest_cr0, cr0::protection_enable | cr0::paging);
    (*this)[Field::guest_cs_access_rights] = 0x93;
    (*this)[Field::guest_cs_limit] = 0xFFFF;
}

void Reference::virtual_8086_guest() {
    legacy_guest();
    set(Field::guest_rflags, rflags::virtual_8086_mode);
    const Field fields[][4] = {{Field::guest_cs_selector, Field::guest_cs_base,
                                Field::guest_cs_limit, Field::guest_cs_access_rights},
                               {Field::guest_ss_selector, Field::guest_ss_base,
                                Field::guest_ss_limit, Field::guest_ss_access_rights},
                               {Field::guest_ds_selector, Field::guest_ds_base,
                                Field::guest_ds_limit, Field::guest_ds_access_rights},
                               {Field::guest_es_selector, Field::guest_es_base,
                                Field::guest_es_limit, Field::guest_es_access_rights},
                               {Field::guest_fs_selector, Field::guest_fs_base,
                                Field::guest_fs_limit, Field::guest_fs_access_rights},
                               {Field::guest_gs_selector, Field::guest_gs_base,
                                Field::guest_gs_limit, Field::guest_gs_access_rights}};
    for (const auto& [selector, base, limit, rights] : fields) {
        (*this)[selector] = 0x1234;
        (*this)[base] = 0x12340;
        (*this)[limit] = 0xFFFF;
        (*this)[rights] = 0xF3;
    }
}

void Reference::inject(std::uint32_t interruption_information) {
    (*this)[Field::vm_entry_interruption_information] = interruption_information;
}

EntryReport check(Reference& reference) {
    const FieldReader reader{[](void* context, Field field) {
                                 return static_cast<const Reference*>(context)->read(field);
                             },
                             &reference};
    return check_vm_entry(reader, reference.facts);
}

} // namespace hv::test
