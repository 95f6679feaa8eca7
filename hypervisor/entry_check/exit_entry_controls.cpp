// SDM vol. 3, 27.2.1.2 and 27.2.1.3: VM-exit and VM-entry control fields.

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/control_register.h"

namespace hv {
namespace {

using enum EntryRule;

constexpr std::uint64_t msr_area_entry_size = 16;

void check_msr_area(EntryCheck& check, EntryRule rule, Field address_field, Field count_field) {
    const std::uint64_t count = check.read(count_field);
    if (count == 0)
        return;
    const std::uint64_t address = check.read(address_field);
    const std::uint64_t last = address + count * msr_area_entry_size - 1;
    check.require(check.structure_address(address, msr_area_entry_size) &&
                      check.within_structure_width(last),
                  rule, address_field);
}

bool is_software_event(InterruptionType type) {
    return type == InterruptionType::software_interrupt ||
           type == InterruptionType::privileged_software_exception ||
           type == InterruptionType::software_exception;
}

bool vector_fits_type(InterruptionInformation event) {
    switch (event.type()) {
    case InterruptionType::nmi:
        return event.vector() == vector::nmi;
    case InterruptionType::hardware_exception:
        return event.vector() <= 31;
    case InterruptionType::other_event:
        return event.vector() == 0;
    default:
        return true;
    }
}

bool error_code_delivery_fits(EntryCheck& check, InterruptionInformation event) {
    const bool protected_mode = (check.read(Field::guest_cr0) & cr0::protection_enable) != 0;
    if (event.type() != InterruptionType::hardware_exception || !protected_mode)
        return !event.error_code();
    if (check.facts().capabilities.basic.any_error_code())
        return true;
    return event.error_code() == has_error_code(event.vector());
}

void check_event_injection(EntryCheck& check) {
    const InterruptionInformation event{
        static_cast<std::uint32_t>(check.read(Field::vm_entry_interruption_information))};
    if (!event.valid())
        return;
    const bool monitor_trap_flag = bit(check.facts().capabilities.primary_processor_based, 32 + 27);
    check.require(event.type() != InterruptionType::reserved &&
                      (event.type() != InterruptionType::other_event || monitor_trap_flag),
                  injected_type, Field::vm_entry_interruption_information);
    check.require(vector_fits_type(event), injected_vector,
                  Field::vm_entry_interruption_information);
    check.require(error_code_delivery_fits(check, event), injected_error_code_delivery,
                  Field::vm_entry_interruption_information);
    check.require(bits(event.raw, 30, 12) == 0, injected_reserved_bits,
                  Field::vm_entry_interruption_information);
    if (event.error_code())
        check.require(bits(check.read(Field::vm_entry_exception_error_code), 31, 16) == 0,
                      injected_error_code_reserved_bits, Field::vm_entry_exception_error_code);
    if (is_software_event(event.type())) {
        const std::uint64_t length = check.read(Field::vm_entry_instruction_length);
        const bool zero_allowed = check.facts().capabilities.misc.injection_with_length_zero();
        check.require(length <= 15 && (length != 0 || zero_allowed), injected_instruction_length,
                      Field::vm_entry_instruction_length);
    }
}

} // namespace

void check_vm_exit_controls(EntryCheck& check) {
    const Capabilities& capabilities = check.facts().capabilities;
    check.require(allowed(check.read(Field::primary_vm_exit_controls), capabilities.vm_exit),
                  vm_exit_reserved_bits, Field::primary_vm_exit_controls);
    if (check.on_exit(vm_exit::activate_secondary_controls)) {
        check.require(
            (check.read(Field::secondary_vm_exit_controls) & ~capabilities.secondary_vm_exit) == 0,
            secondary_vm_exit_reserved_bits, Field::secondary_vm_exit_controls);
    }
    check.require(check.pin_based(pin_based::activate_vmx_preemption_timer) ||
                      !check.on_exit(vm_exit::save_vmx_preemption_timer_value),
                  save_timer_needs_timer, Field::primary_vm_exit_controls);
    check_msr_area(check, vm_exit_msr_store_area, Field::vm_exit_msr_store_address,
                   Field::vm_exit_msr_store_count);
    check_msr_area(check, vm_exit_msr_load_area, Field::vm_exit_msr_load_address,
                   Field::vm_exit_msr_load_count);
}

void check_vm_entry_controls(EntryCheck& check) {
    check.require(
        allowed(check.read(Field::vm_entry_controls), check.facts().capabilities.vm_entry),
        vm_entry_reserved_bits, Field::vm_entry_controls);
    check_event_injection(check);
    check_msr_area(check, vm_entry_msr_load_area, Field::vm_entry_msr_load_address,
                   Field::vm_entry_msr_load_count);
    check.require(
        !check.on_entry(vm_entry::entry_to_smm | vm_entry::deactivate_dual_monitor_treatment),
        entry_to_smm_outside_smm, Field::vm_entry_controls);
}

} // namespace hv
