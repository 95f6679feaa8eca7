// Cases of SDM vol. 3, 27.2.1: VM-execution, VM-exit and VM-entry controls.

#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "tests/unit/cases/entry_case.h"

namespace hv::test {
namespace {

namespace primary = primary_processor_based;
namespace secondary = secondary_processor_based;
namespace tertiary = tertiary_processor_based;
using F = Field;
using R = Reference;
using enum EntryRule;

constexpr std::uint64_t unaligned = 0x5008;
constexpr std::uint64_t too_wide = std::uint64_t{1} << 40; // the reference has 40 bits

void with_tpr_shadow(R& r) {
    r.primary(primary::use_tpr_shadow);
    r[F::virtual_apic_address] = 0x5000;
    r[F::tpr_threshold] = 0;
}

void with_virtual_interrupt_delivery(R& r) {
    with_tpr_shadow(r);
    r.pin(pin_based::external_interrupt_exiting);
    r.secondary(secondary::virtual_interrupt_delivery);
}

void with_posted_interrupts(R& r) {
    with_virtual_interrupt_delivery(r);
    r.pin(pin_based::process_posted_interrupts);
    r.on_exit(vm_exit::acknowledge_interrupt_on_exit);
    r[F::posted_interrupt_notification_vector] = 0xF2;
    r[F::posted_interrupt_descriptor_address] = 0x5040;
}

void with_intel_pt(R& r) {
    r.secondary(secondary::intel_pt_uses_guest_physical_addresses);
    r.on_entry(vm_entry::load_ia32_rtit_ctl);
    r[F::guest_ia32_rtit_ctl] = 0;
    r.on_exit(vm_exit::clear_ia32_rtit_ctl);
}

void with_ipi_virtualization(R& r) {
    with_tpr_shadow(r);
    r.tertiary(tertiary::ipi_virtualization);
    r[F::pid_pointer_table_address] = 0x5008;
    r[F::last_pid_pointer_index] = 3;
}

void inject_software_interrupt(R& r, std::uint64_t length) {
    r.inject(InterruptionInformation::make(InterruptionType::software_interrupt, 0x80, false).raw);
    r[F::vm_entry_instruction_length] = length;
}

} // namespace

// clang-format off
std::vector<EntryCase> control_cases() {
    return {
        {pin_based_reserved_bits, F::pin_based_controls, [](R& r) { r.clear(F::pin_based_controls, 0x2); }},
        {pin_based_reserved_bits, F::pin_based_controls, [](R& r) { r.set(F::pin_based_controls, 0x100); }},
        {primary_processor_based_reserved_bits, F::primary_processor_based_controls,
         [](R& r) { r.clear(F::primary_processor_based_controls, 0x2); }},
        {primary_processor_based_reserved_bits, F::primary_processor_based_controls,
         [](R& r) { r.set(F::primary_processor_based_controls, 0x1); }},
        {secondary_processor_based_reserved_bits, F::secondary_processor_based_controls,
         [](R& r) { r.secondary(1U << 29); }},
        {tertiary_processor_based_reserved_bits, F::tertiary_processor_based_controls,
         [](R& r) { r.tertiary(std::uint64_t{1} << 40); }},
        {cr3_target_count_supported, F::cr3_target_count, [](R& r) { r[F::cr3_target_count] = 5; }},
        {io_bitmap_address, F::io_bitmap_a_address, [](R& r) { r[F::io_bitmap_a_address] = unaligned; }},
        {io_bitmap_address, F::io_bitmap_b_address, [](R& r) { r[F::io_bitmap_b_address] = too_wide; }},
        {msr_bitmaps_address, F::msr_bitmaps_address, [](R& r) { r[F::msr_bitmaps_address] = unaligned; }},
        {msr_bitmaps_address, F::msr_bitmaps_address, [](R& r) {
             r.facts.capabilities.basic.raw = std::uint64_t{1} << 48; // 32-bit addresses only
             r[F::msr_bitmaps_address] = std::uint64_t{1} << 32; }},
        {virtual_apic_address, F::virtual_apic_address, [](R& r) {
             with_tpr_shadow(r);
             r[F::virtual_apic_address] = unaligned; }},
        {tpr_threshold_reserved_bits, F::tpr_threshold, [](R& r) {
             with_tpr_shadow(r);
             r[F::tpr_threshold] = 0x10; }},
        {tpr_shadow_needed, F::secondary_processor_based_controls,
         [](R& r) { r.secondary(secondary::virtualize_x2apic_mode); }},
        {tpr_shadow_needed, F::secondary_processor_based_controls,
         [](R& r) { r.secondary(secondary::apic_register_virtualization); }},
        {tpr_shadow_needed, F::tertiary_processor_based_controls, [](R& r) {
             with_ipi_virtualization(r);
             r.clear(F::primary_processor_based_controls, primary::use_tpr_shadow); }},
        {virtual_nmis_need_nmi_exiting, F::pin_based_controls, [](R& r) { r.pin(pin_based::virtual_nmis); }},
        {nmi_window_exiting_needs_virtual_nmis, F::primary_processor_based_controls,
         [](R& r) { r.primary(primary::nmi_window_exiting); }},
        {apic_access_address, F::apic_access_address, [](R& r) {
             r.secondary(secondary::virtualize_apic_accesses);
             r[F::apic_access_address] = unaligned; }},
        {x2apic_mode_excludes_apic_accesses, F::secondary_processor_based_controls, [](R& r) {
             with_tpr_shadow(r);
             r.secondary(secondary::virtualize_x2apic_mode | secondary::virtualize_apic_accesses);
             r[F::apic_access_address] = 0x5000; }},
        {virtual_interrupt_delivery_needs_exiting, F::pin_based_controls, [](R& r) {
             with_virtual_interrupt_delivery(r);
             r.clear(F::pin_based_controls, pin_based::external_interrupt_exiting); }},
        {posted_interrupts_need_virtual_delivery, F::pin_based_controls, [](R& r) {
             with_posted_interrupts(r);
             r.clear(F::secondary_processor_based_controls, secondary::virtual_interrupt_delivery); }},
        {posted_interrupts_need_acknowledge, F::primary_vm_exit_controls, [](R& r) {
             with_posted_interrupts(r);
             r.clear(F::primary_vm_exit_controls, vm_exit::acknowledge_interrupt_on_exit); }},
        {posted_interrupt_vector, F::posted_interrupt_notification_vector, [](R& r) {
             with_posted_interrupts(r);
             r[F::posted_interrupt_notification_vector] = 0x1F2; }},
        {posted_interrupt_descriptor_address, F::posted_interrupt_descriptor_address, [](R& r) {
             with_posted_interrupts(r);
             r[F::posted_interrupt_descriptor_address] = 0x5020; }},
        {vpid_not_zero, F::virtual_processor_identifier, [](R& r) { r[F::virtual_processor_identifier] = 0; }},
        {eptp_memory_type, F::ept_pointer, [](R& r) { r.clear(F::ept_pointer, 7); }}, // no UC reported
        {eptp_memory_type, F::ept_pointer, [](R& r) { r.facts.capabilities.ept_vpid.raw &= ~(1U << 14); }},
        {eptp_page_walk_length, F::ept_pointer, [](R& r) { r.clear(F::ept_pointer, 1 << 3); }},
        {eptp_page_walk_length, F::ept_pointer, [](R& r) { r[F::ept_pointer] = 0x5000 | 4 << 3 | 6; }},
        {eptp_accessed_dirty, F::ept_pointer, [](R& r) {
             r.set(F::ept_pointer, 1 << 6);
             r.facts.capabilities.ept_vpid.raw &= ~(1U << 21); }},
        {eptp_supervisor_shadow_stack, F::ept_pointer, [](R& r) { r.set(F::ept_pointer, 1 << 7); }},
        {eptp_reserved_bits, F::ept_pointer, [](R& r) { r.set(F::ept_pointer, 1 << 8); }},
        {eptp_reserved_bits, F::ept_pointer, [](R& r) { r.set(F::ept_pointer, too_wide); }},
        {pml_needs_ept, F::secondary_processor_based_controls, [](R& r) {
             r.without_ept();
             r.secondary(secondary::enable_pml);
             r[F::pml_address] = 0x5000; }},
        {pml_address_aligned, F::pml_address, [](R& r) {
             r.secondary(secondary::enable_pml);
             r[F::pml_address] = unaligned; }},
        {unrestricted_guest_needs_ept, F::secondary_processor_based_controls, [](R& r) {
             r.without_ept();
             r.secondary(secondary::unrestricted_guest); }},
        {mode_based_execute_needs_ept, F::secondary_processor_based_controls, [](R& r) {
             r.without_ept();
             r.secondary(secondary::mode_based_execute_control); }},
        {sub_page_permissions_need_ept, F::secondary_processor_based_controls, [](R& r) {
             r.without_ept();
             r.secondary(secondary::sub_page_write_permissions);
             r[F::sub_page_permission_table_pointer] = 0x5000; }},
        {sub_page_permission_table_address, F::sub_page_permission_table_pointer, [](R& r) {
             r.secondary(secondary::sub_page_write_permissions);
             r[F::sub_page_permission_table_pointer] = unaligned; }},
        {vm_function_controls_reserved_bits, F::vm_function_controls, [](R& r) {
             r.secondary(secondary::enable_vm_functions);
             r[F::vm_function_controls] = 2; }},
        {eptp_switching_needs_ept, F::vm_function_controls, [](R& r) {
             r.without_ept();
             r.secondary(secondary::enable_vm_functions);
             r[F::vm_function_controls] = vm_function::eptp_switching;
             r[F::eptp_list_address] = 0x5000; }},
        {eptp_list_address_aligned, F::eptp_list_address, [](R& r) {
             r.secondary(secondary::enable_vm_functions);
             r[F::vm_function_controls] = vm_function::eptp_switching;
             r[F::eptp_list_address] = unaligned; }},
        {vmcs_shadowing_bitmap_address, F::vmread_bitmap_address, [](R& r) {
             r.secondary(secondary::vmcs_shadowing);
             r[F::vmread_bitmap_address] = unaligned;
             r[F::vmwrite_bitmap_address] = 0x5000; }},
        {vmcs_shadowing_bitmap_address, F::vmwrite_bitmap_address, [](R& r) {
             r.secondary(secondary::vmcs_shadowing);
             r[F::vmread_bitmap_address] = 0x5000;
             r[F::vmwrite_bitmap_address] = too_wide; }},
        {virtualization_exception_address, F::virtualization_exception_information_address, [](R& r) {
             r.secondary(secondary::ept_violation_ve);
             r[F::virtualization_exception_information_address] = unaligned; }},
        {intel_pt_physical_needs_ept, F::secondary_processor_based_controls, [](R& r) {
             with_intel_pt(r);
             r.without_ept(); }},
        {intel_pt_physical_needs_load, F::vm_entry_controls, [](R& r) {
             with_intel_pt(r);
             r.clear(F::vm_entry_controls, vm_entry::load_ia32_rtit_ctl); }},
        {intel_pt_physical_needs_clear, F::primary_vm_exit_controls, [](R& r) {
             with_intel_pt(r);
             r.clear(F::primary_vm_exit_controls, vm_exit::clear_ia32_rtit_ctl); }},
        {tsc_multiplier_not_zero, F::tsc_multiplier, [](R& r) {
             r.secondary(secondary::use_tsc_scaling);
             r[F::tsc_multiplier] = 0; }},
        {pasid_directory_address, F::low_pasid_directory_address, [](R& r) {
             r.secondary(secondary::pasid_translation);
             r[F::low_pasid_directory_address] = unaligned;
             r[F::high_pasid_directory_address] = 0x5000; }},
        {pasid_directory_address, F::high_pasid_directory_address, [](R& r) {
             r.secondary(secondary::pasid_translation);
             r[F::low_pasid_directory_address] = 0x5000;
             r[F::high_pasid_directory_address] = too_wide; }},
        {hlat_needs_ept, F::tertiary_processor_based_controls, [](R& r) {
             r.without_ept();
             r.tertiary(tertiary::guest_paging_verification); }},
        {hlat_needs_ept, F::tertiary_processor_based_controls, [](R& r) {
             r.without_ept();
             r.tertiary(tertiary::enable_hlat);
             r[F::hlat_pointer] = 0x5018; }},
        {hlat_pointer_reserved_bits, F::hlat_pointer, [](R& r) {
             r.tertiary(tertiary::enable_hlat);
             r[F::hlat_pointer] = 0x5001; }},
        {pid_pointer_table_aligned, F::pid_pointer_table_address, [](R& r) {
             with_ipi_virtualization(r);
             r[F::pid_pointer_table_address] = 0x5004; }},
        {pid_pointer_table_aligned, F::pid_pointer_table_address, [](R& r) {
             with_ipi_virtualization(r);
             r[F::pid_pointer_table_address] = too_wide - 24; }},

        {vm_exit_reserved_bits, F::primary_vm_exit_controls, [](R& r) { r.clear(F::primary_vm_exit_controls, 1); }},
        {secondary_vm_exit_reserved_bits, F::secondary_vm_exit_controls, [](R& r) {
             r.on_exit(vm_exit::activate_secondary_controls);
             r[F::secondary_vm_exit_controls] = 1; }},
        {save_timer_needs_timer, F::primary_vm_exit_controls,
         [](R& r) { r.on_exit(vm_exit::save_vmx_preemption_timer_value); }},
        {vm_exit_msr_store_area, F::vm_exit_msr_store_address, [](R& r) {
             r[F::vm_exit_msr_store_count] = 1;
             r[F::vm_exit_msr_store_address] = unaligned; }},
        {vm_exit_msr_store_area, F::vm_exit_msr_store_address, [](R& r) {
             r[F::vm_exit_msr_store_count] = 2;
             r[F::vm_exit_msr_store_address] = too_wide - 16; }},
        {vm_exit_msr_load_area, F::vm_exit_msr_load_address, [](R& r) {
             r[F::vm_exit_msr_load_count] = 1;
             r[F::vm_exit_msr_load_address] = too_wide; }},

        {vm_entry_reserved_bits, F::vm_entry_controls, [](R& r) { r.set(F::vm_entry_controls, 1U << 31); }},
        {injected_type, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::reserved, 0x20, false).raw); }},
        {injected_type, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::other_event, 0, false).raw);
             r.facts.capabilities.primary_processor_based &=
                 ~(std::uint64_t{primary::monitor_trap_flag} << 32); }},
        {injected_vector, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::nmi, 3, false).raw); }},
        {injected_vector, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::hardware_exception, 32, false).raw); }},
        {injected_vector, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::other_event, 1, false).raw); }},
        {injected_error_code_delivery, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::hardware_exception, 14, false).raw); }},
        {injected_error_code_delivery, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::make(InterruptionType::hardware_exception, 6, true).raw);
             r[F::vm_entry_exception_error_code] = 0; }},
        {injected_error_code_delivery, F::vm_entry_interruption_information, [](R& r) {
             r.real_mode_guest(); // delivers no error codes
             r.inject(InterruptionInformation::exception(vector::general_protection).raw);
             r[F::vm_entry_exception_error_code] = 0; }},
        {injected_reserved_bits, F::vm_entry_interruption_information, [](R& r) {
             r.inject(InterruptionInformation::exception(vector::debug).raw | 1U << 30); }},
        {injected_error_code_reserved_bits, F::vm_entry_exception_error_code, [](R& r) {
             r.inject(InterruptionInformation::exception(vector::page_fault).raw);
             r[F::vm_entry_exception_error_code] = 0x10000; }},
        {injected_instruction_length, F::vm_entry_instruction_length, [](R& r) { inject_software_interrupt(r, 0); }},
        {injected_instruction_length, F::vm_entry_instruction_length, [](R& r) {
             inject_software_interrupt(r, 16);
             r.facts.capabilities.misc.raw |= 1 << 30; }},
        {vm_entry_msr_load_area, F::vm_entry_msr_load_address, [](R& r) {
             r[F::vm_entry_msr_load_count] = 1;
             r[F::vm_entry_msr_load_address] = unaligned; }},
        {entry_to_smm_outside_smm, F::vm_entry_controls, [](R& r) { r.on_entry(vm_entry::entry_to_smm); }},
        {entry_to_smm_outside_smm, F::vm_entry_controls,
         [](R& r) { r.on_entry(vm_entry::deactivate_dual_monitor_treatment); }},
    };
}
// clang-format on

} // namespace hv::test
