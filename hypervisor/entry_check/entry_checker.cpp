#include "hypervisor/entry_check/entry_checker.h"

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"

namespace hv {

EntryCheck::EntryCheck(FieldReader read, const EntryFacts& facts, EntryReport& report)
    : read_{read}, facts_{facts}, report_{report}, pin_based_{static_cast<std::uint32_t>(
                                                       read(Field::pin_based_controls))},
      primary_{static_cast<std::uint32_t>(read(Field::primary_processor_based_controls))},
      secondary_{primary(primary_processor_based::activate_secondary_controls)
                     ? static_cast<std::uint32_t>(read(Field::secondary_processor_based_controls))
                     : 0},
      tertiary_{primary(primary_processor_based::activate_tertiary_controls)
                    ? read(Field::tertiary_processor_based_controls)
                    : 0},
      exit_{static_cast<std::uint32_t>(read(Field::primary_vm_exit_controls))},
      entry_{static_cast<std::uint32_t>(read(Field::vm_entry_controls))} {}

bool valid_pat(std::uint64_t pat) {
    for (unsigned position = 0; position < 64; position += 8) {
        const std::uint64_t type = bits(pat, position + 7, position);
        if (type == 2 || type == 3 || type > 7)
            return false;
    }
    return true;
}

EntryReport check_vm_entry(FieldReader read, const EntryFacts& facts) {
    EntryReport report;
    EntryCheck check{read, facts, report};
    check_vm_execution_controls(check);
    check_vm_exit_controls(check);
    check_vm_entry_controls(check);
    check_host_state(check);
    check_guest_registers(check);
    check_guest_segments(check);
    check_guest_descriptor_tables(check);
    check_guest_instruction_pointer(check);
    check_guest_non_register_state(check);
    check_guest_pdptes(check);
    return report;
}

} // namespace hv
