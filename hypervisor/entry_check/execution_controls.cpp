// SDM vol. 3, 27.2.1.1: VM-execution control fields.

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"

namespace hv {
namespace {

using enum EntryRule;
namespace primary = primary_processor_based;
namespace secondary = secondary_processor_based;
namespace tertiary = tertiary_processor_based;

constexpr std::uint64_t page_size = 0x1000;

void require_page(EntryCheck& check, bool used, EntryRule rule, Field field) {
    if (used)
        check.require(check.structure_address(check.read(field), page_size), rule, field);
}

void check_reserved_bits(EntryCheck& check) {
    const Capabilities& capabilities = check.facts().capabilities;
    check.require(allowed(check.read(Field::pin_based_controls), capabilities.pin_based),
                  pin_based_reserved_bits, Field::pin_based_controls);
    check.require(allowed(check.read(Field::primary_processor_based_controls),
                          capabilities.primary_processor_based),
                  primary_processor_based_reserved_bits, Field::primary_processor_based_controls);
    if (check.primary(primary::activate_secondary_controls)) {
        check.require(allowed(check.read(Field::secondary_processor_based_controls),
                              capabilities.secondary_processor_based),
                      secondary_processor_based_reserved_bits,
                      Field::secondary_processor_based_controls);
    }
    if (check.primary(primary::activate_tertiary_controls)) {
        check.require((check.read(Field::tertiary_processor_based_controls) &
                       ~capabilities.tertiary_processor_based) == 0,
                      tertiary_processor_based_reserved_bits,
                      Field::tertiary_processor_based_controls);
    }
    check.require(check.read(Field::cr3_target_count) <= capabilities.misc.cr3_target_count(),
                  cr3_target_count_supported, Field::cr3_target_count);
}

void check_bitmaps(EntryCheck& check) {
    const bool io_bitmaps = check.primary(primary::use_io_bitmaps);
    require_page(check, io_bitmaps, io_bitmap_address, Field::io_bitmap_a_address);
    require_page(check, io_bitmaps, io_bitmap_address, Field::io_bitmap_b_address);
    require_page(check, check.primary(primary::use_msr_bitmaps), EntryRule::msr_bitmaps_address,
                 Field::msr_bitmaps_address);
}

void check_apic(EntryCheck& check) {
    const bool tpr_shadow = check.primary(primary::use_tpr_shadow);
    require_page(check, tpr_shadow, EntryRule::virtual_apic_address, Field::virtual_apic_address);
    if (tpr_shadow && !check.secondary(secondary::virtual_interrupt_delivery))
        check.require(check.read(Field::tpr_threshold) <= 0xF, tpr_threshold_reserved_bits,
                      Field::tpr_threshold);
    if (!tpr_shadow) {
        check.require(!check.secondary(secondary::virtualize_x2apic_mode |
                                       secondary::apic_register_virtualization |
                                       secondary::virtual_interrupt_delivery),
                      tpr_shadow_needed, Field::secondary_processor_based_controls);
        check.require(!check.tertiary(tertiary::ipi_virtualization), tpr_shadow_needed,
                      Field::tertiary_processor_based_controls);
    }
    require_page(check, check.secondary(secondary::virtualize_apic_accesses),
                 EntryRule::apic_access_address, Field::apic_access_address);
    check.require(!check.secondary(secondary::virtualize_x2apic_mode) ||
                      !check.secondary(secondary::virtualize_apic_accesses),
                  x2apic_mode_excludes_apic_accesses, Field::secondary_processor_based_controls);
    if (check.tertiary(tertiary::ipi_virtualization)) {
        const std::uint64_t table = check.read(Field::pid_pointer_table_address);
        const std::uint64_t last = table + 8 * check.read(Field::last_pid_pointer_index);
        check.require(check.structure_address(table, 8) && check.within_structure_width(last),
                      pid_pointer_table_aligned, Field::pid_pointer_table_address);
    }
}

void check_interrupts(EntryCheck& check) {
    check.require(check.pin_based(pin_based::nmi_exiting) ||
                      !check.pin_based(pin_based::virtual_nmis),
                  virtual_nmis_need_nmi_exiting, Field::pin_based_controls);
    check.require(check.pin_based(pin_based::virtual_nmis) ||
                      !check.primary(primary::nmi_window_exiting),
                  nmi_window_exiting_needs_virtual_nmis, Field::primary_processor_based_controls);
    check.require(!check.secondary(secondary::virtual_interrupt_delivery) ||
                      check.pin_based(pin_based::external_interrupt_exiting),
                  virtual_interrupt_delivery_needs_exiting, Field::pin_based_controls);
    if (!check.pin_based(pin_based::process_posted_interrupts))
        return;
    check.require(check.secondary(secondary::virtual_interrupt_delivery),
                  posted_interrupts_need_virtual_delivery, Field::pin_based_controls);
    check.require(check.on_exit(vm_exit::acknowledge_interrupt_on_exit),
                  posted_interrupts_need_acknowledge, Field::primary_vm_exit_controls);
    check.require(check.read(Field::posted_interrupt_notification_vector) <= 0xFF,
                  posted_interrupt_vector, Field::posted_interrupt_notification_vector);
    check.require(
        check.structure_address(check.read(Field::posted_interrupt_descriptor_address), 64),
        EntryRule::posted_interrupt_descriptor_address, Field::posted_interrupt_descriptor_address);
}

void check_ept_pointer(EntryCheck& check) {
    const std::uint64_t eptp = check.read(Field::ept_pointer);
    const EptVpidCapability& ept = check.facts().capabilities.ept_vpid;
    const std::uint64_t memory_type = bits(eptp, 2, 0);
    check.require((memory_type == 0 && ept.uncacheable()) || (memory_type == 6 && ept.write_back()),
                  eptp_memory_type, Field::ept_pointer);
    const std::uint64_t levels = bits(eptp, 5, 3) + 1;
    check.require((levels == 4 && ept.page_walk_length_4()) ||
                      (levels == 5 && ept.page_walk_length_5()),
                  eptp_page_walk_length, Field::ept_pointer);
    check.require(!bit(eptp, 6) || ept.accessed_and_dirty_flags(), eptp_accessed_dirty,
                  Field::ept_pointer);
    check.require(!bit(eptp, 7) || ept.supervisor_shadow_stack(), eptp_supervisor_shadow_stack,
                  Field::ept_pointer);
    check.require(bits(eptp, 11, 8) == 0 && check.within_physical_width(eptp), eptp_reserved_bits,
                  Field::ept_pointer);
}

// Controls that need EPT, and the structures that belong to them.
void check_ept(EntryCheck& check) {
    const bool ept = check.secondary(secondary::enable_ept);
    const auto needs_ept = [&](std::uint32_t control, EntryRule rule) {
        check.require(ept || !check.secondary(control), rule,
                      Field::secondary_processor_based_controls);
    };
    if (ept)
        check_ept_pointer(check);
    needs_ept(secondary::enable_pml, pml_needs_ept);
    require_page(check, check.secondary(secondary::enable_pml), pml_address_aligned,
                 Field::pml_address);
    needs_ept(secondary::unrestricted_guest, unrestricted_guest_needs_ept);
    needs_ept(secondary::mode_based_execute_control, mode_based_execute_needs_ept);
    needs_ept(secondary::sub_page_write_permissions, sub_page_permissions_need_ept);
    require_page(check, check.secondary(secondary::sub_page_write_permissions),
                 sub_page_permission_table_address, Field::sub_page_permission_table_pointer);
    needs_ept(secondary::intel_pt_uses_guest_physical_addresses, intel_pt_physical_needs_ept);
    check.require(ept ||
                      !check.tertiary(tertiary::enable_hlat | tertiary::ept_paging_write_control |
                                      tertiary::guest_paging_verification),
                  hlat_needs_ept, Field::tertiary_processor_based_controls);
    if (check.tertiary(tertiary::enable_hlat)) {
        const std::uint64_t pointer = check.read(Field::hlat_pointer);
        check.require((pointer & (mask(2, 0) | mask(11, 5))) == 0 &&
                          check.within_physical_width(pointer),
                      hlat_pointer_reserved_bits, Field::hlat_pointer);
    }
}

void check_vm_functions(EntryCheck& check) {
    if (!check.secondary(secondary::enable_vm_functions))
        return;
    const std::uint64_t functions = check.read(Field::vm_function_controls);
    check.require((functions & ~check.facts().capabilities.vm_functions) == 0,
                  vm_function_controls_reserved_bits, Field::vm_function_controls);
    const bool eptp_switching = (functions & vm_function::eptp_switching) != 0;
    check.require(!eptp_switching || check.secondary(secondary::enable_ept),
                  eptp_switching_needs_ept, Field::vm_function_controls);
    require_page(check, eptp_switching, eptp_list_address_aligned, Field::eptp_list_address);
}

void check_other_secondary(EntryCheck& check) {
    if (check.secondary(secondary::enable_vpid))
        check.require(check.read(Field::virtual_processor_identifier) != 0, vpid_not_zero,
                      Field::virtual_processor_identifier);
    const bool shadowing = check.secondary(secondary::vmcs_shadowing);
    require_page(check, shadowing, vmcs_shadowing_bitmap_address, Field::vmread_bitmap_address);
    require_page(check, shadowing, vmcs_shadowing_bitmap_address, Field::vmwrite_bitmap_address);
    require_page(check, check.secondary(secondary::ept_violation_ve),
                 virtualization_exception_address,
                 Field::virtualization_exception_information_address);
    if (check.secondary(secondary::intel_pt_uses_guest_physical_addresses)) {
        check.require(check.on_entry(vm_entry::load_ia32_rtit_ctl), intel_pt_physical_needs_load,
                      Field::vm_entry_controls);
        check.require(check.on_exit(vm_exit::clear_ia32_rtit_ctl), intel_pt_physical_needs_clear,
                      Field::primary_vm_exit_controls);
    }
    if (check.secondary(secondary::use_tsc_scaling))
        check.require(check.read(Field::tsc_multiplier) != 0, tsc_multiplier_not_zero,
                      Field::tsc_multiplier);
    const bool pasid = check.secondary(secondary::pasid_translation);
    require_page(check, pasid, pasid_directory_address, Field::low_pasid_directory_address);
    require_page(check, pasid, pasid_directory_address, Field::high_pasid_directory_address);
}

} // namespace

void check_vm_execution_controls(EntryCheck& check) {
    check_reserved_bits(check);
    check_bitmaps(check);
    check_apic(check);
    check_interrupts(check);
    check_ept(check);
    check_vm_functions(check);
    check_other_secondary(check);
}

} // namespace hv
