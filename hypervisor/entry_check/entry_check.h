#pragma once
// What the entry checker's parts share: the fields, the controls in effect, and the report.

#include "hypervisor/entry_check/entry_checker.h"
#include "hypervisor/x86/bits.h"

#include <cstdint>

namespace hv {

class EntryCheck {
  public:
    EntryCheck(FieldReader read, const EntryFacts& facts, EntryReport& report);

    [[nodiscard]] const EntryFacts& facts() const { return facts_; }
    [[nodiscard]] std::uint64_t read(Field field) const { return read_(field); }

    /// Notes a violation of `rule` by `field` unless the rule holds.
    void require(bool holds, EntryRule rule, Field field) {
        if (!holds)
            report_.add({rule, field, read(field)});
    }

    // Whether a control (one bit) is in effect. Groups that are not activated read as 0.
    [[nodiscard]] bool pin_based(std::uint32_t control) const {
        return (pin_based_ & control) != 0;
    }
    [[nodiscard]] bool primary(std::uint32_t control) const { return (primary_ & control) != 0; }
    [[nodiscard]] bool secondary(std::uint32_t control) const {
        return (secondary_ & control) != 0;
    }
    [[nodiscard]] bool tertiary(std::uint64_t control) const { return (tertiary_ & control) != 0; }
    [[nodiscard]] bool on_exit(std::uint32_t control) const { return (exit_ & control) != 0; }
    [[nodiscard]] bool on_entry(std::uint32_t control) const { return (entry_ & control) != 0; }

    /// No bit beyond the physical-address width.
    [[nodiscard]] bool within_physical_width(std::uint64_t address) const {
        return (address >> facts_.physical_address_width) == 0;
    }
    /// The same for a structure that a VMCS field points to; IA32_VMX_BASIC may limit it to 32
    /// bits.
    [[nodiscard]] bool within_structure_width(std::uint64_t address) const {
        return within_physical_width(address) &&
               (!facts_.capabilities.basic.addresses_limited_to_32_bits() || address >> 32 == 0);
    }
    /// Where such a structure may lie, if it is a multiple of `alignment` (a power of two).
    [[nodiscard]] bool structure_address(std::uint64_t address, std::uint64_t alignment) const {
        return (address & (alignment - 1)) == 0 && within_structure_width(address);
    }
    /// All bits from the linear-address width minus one to 63 are equal.
    [[nodiscard]] bool canonical(std::uint64_t address) const {
        return sign_extended_from(address, facts_.linear_address_width - 1U);
    }
    [[nodiscard]] static bool sign_extended_from(std::uint64_t address, unsigned position) {
        const std::uint64_t upper = address >> position;
        return upper == 0 || upper == ~std::uint64_t{0} >> position;
    }

  private:
    FieldReader read_;
    const EntryFacts& facts_;
    EntryReport& report_;
    std::uint32_t pin_based_;
    std::uint32_t primary_;
    std::uint32_t secondary_;
    std::uint64_t tertiary_;
    std::uint32_t exit_;
    std::uint32_t entry_;
};

/// A 32-bit control field obeys its capability MSR: bits that are 1 in the MSR's low half are 1,
/// and bits that are 0 in its high half are 0.
[[nodiscard]] constexpr bool allowed(std::uint64_t controls, std::uint64_t capability) {
    return (controls & bits(capability, 31, 0)) == bits(capability, 31, 0) &&
           (controls & ~bits(capability, 63, 32)) == 0;
}

/// A control register has the bits that must be 1, and none that must be 0 (SDM vol. 3, A.7, A.8).
[[nodiscard]] constexpr bool agrees(std::uint64_t value, std::uint64_t fixed0,
                                    std::uint64_t fixed1) {
    return (value & fixed0) == fixed0 && (value & ~fixed1) == 0;
}

/// IA32_S_CET: reserved bits 9:6 zero, not both SUPPRESS and TRACKER, bitmap address canonical.
[[nodiscard]] inline bool valid_s_cet(const EntryCheck& check, std::uint64_t s_cet) {
    return bits(s_cet, 9, 6) == 0 && bits(s_cet, 11, 10) != 3 && check.canonical(s_cet);
}

/// Each byte is a memory type that IA32_PAT accepts (SDM vol. 3, 12.12.2).
[[nodiscard]] bool valid_pat(std::uint64_t pat);

// The parts, in the manual's order.
void check_vm_execution_controls(EntryCheck& check);
void check_vm_exit_controls(EntryCheck& check);
void check_vm_entry_controls(EntryCheck& check);
void check_host_state(EntryCheck& check);
void check_guest_registers(EntryCheck& check);
void check_guest_segments(EntryCheck& check);
void check_guest_descriptor_tables(EntryCheck& check);
void check_guest_instruction_pointer(EntryCheck& check);
void check_guest_non_register_state(EntryCheck& check);
void check_guest_pdptes(EntryCheck& check);

} // namespace hv
