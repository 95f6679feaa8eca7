#pragma once
// Cases for the VM-entry checker: a valid reference VMCS, and what breaks one rule of it.

#include "hypervisor/entry_check/entry_checker.h"

#include <cstdint>
#include <map>
#include <vector>

namespace hv::test {

/// A VMCS and a processor on which VM entry succeeds: a 64-bit guest of a 64-bit monitor, with EPT,
/// VPID, I/O and MSR bitmaps, loading EFER and PAT.
class Reference {
  public:
    Reference();

    EntryFacts facts;

    /// Creates the field if need be.
    std::uint64_t& operator[](Field field) { return fields_[field]; }
    /// A field that the checker reads without its control being set does not exist: a failure.
    std::uint64_t read(Field field) const;

    void set(Field field, std::uint64_t bits) { fields_[field] |= bits; }
    void clear(Field field, std::uint64_t bits) { fields_[field] &= ~bits; }

    // The control groups, by name.
    void pin(std::uint32_t control) { set(Field::pin_based_controls, control); }
    void primary(std::uint32_t control) { set(Field::primary_processor_based_controls, control); }
    void secondary(std::uint32_t control) {
        set(Field::secondary_processor_based_controls, control);
    }
    /// Activates the group, too.
    void tertiary(std::uint64_t control);
    void on_exit(std::uint32_t control) { set(Field::primary_vm_exit_controls, control); }
    void on_entry(std::uint32_t control) { set(Field::vm_entry_controls, control); }

    void without_ept();
    /// A 32-bit protected-mode guest.
    void legacy_guest();
    /// Unrestricted guest in real mode, as after reset.
    void real_mode_guest();
    void virtual_8086_guest();
    void inject(std::uint32_t interruption_information);

  private:
    std::map<Field, std::uint64_t> fields_;
};

/// Makes exactly one rule fail, with exactly one field named.
struct EntryCase {
    EntryRule rule;
    Field field;
    void (*break_rule)(Reference& reference);
};

std::vector<EntryCase> control_cases();       ///< 27.2.1
std::vector<EntryCase> host_cases();          ///< 27.2.2 to 27.2.4
std::vector<EntryCase> guest_cases();         ///< 27.3.1.1, 27.3.1.3 to 27.3.1.6
std::vector<EntryCase> guest_segment_cases(); ///< 27.3.1.2

EntryReport check(Reference& reference);

} // namespace hv::test
