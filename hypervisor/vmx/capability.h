#pragma once
// What the processor can do in VMX operation: its capability MSRs (SDM vol. 3, appendix A) and the
// choice of controls they allow.

#include "hypervisor/x86/bits.h"
#include "hypervisor/x86/msr.h"

#include <cstdint>

namespace hv {

/// The result of asking for controls.
struct Negotiated {
    std::uint32_t value;            ///< what to write to the control field
    std::uint32_t missing_required; ///< required, but must be 0: the monitor cannot run
    std::uint32_t not_granted;      ///< wanted, but must be 0: the monitor goes without
    std::uint32_t forced;           ///< not asked for, but must be 1
};

/// Chooses the value of a 32-bit control field. The capability MSR has in its low half the bits
/// that must be 1, in its high half those that may be 1 (SDM vol. 3, A.3 to A.5).
constexpr Negotiated negotiate(std::uint32_t required, std::uint32_t wanted,
                               std::uint64_t capability) {
    const auto must_be_one = static_cast<std::uint32_t>(bits(capability, 31, 0));
    const auto may_be_one = static_cast<std::uint32_t>(bits(capability, 63, 32));
    const std::uint32_t asked = required | wanted;
    return {.value = (asked | must_be_one) & may_be_one,
            .missing_required = required & ~may_be_one,
            .not_granted = wanted & ~required & ~may_be_one,
            .forced = must_be_one & may_be_one & ~asked};
}

/// IA32_VMX_BASIC (A.1).
struct VmxBasic {
    std::uint64_t raw;

    [[nodiscard]] constexpr std::uint32_t vmcs_revision_identifier() const {
        return static_cast<std::uint32_t>(bits(raw, 30, 0));
    }
    /// Bytes to allocate for a VMXON region or a VMCS: 1 to 4096.
    [[nodiscard]] constexpr std::uint32_t region_size() const {
        return static_cast<std::uint32_t>(bits(raw, 44, 32));
    }
    /// VMXON regions, VMCSs and what they point to must lie below 4 GiB.
    [[nodiscard]] constexpr bool addresses_limited_to_32_bits() const { return bit(raw, 48); }
    /// As hv::MemoryType: 0 uncacheable, 6 write-back.
    [[nodiscard]] constexpr std::uint8_t memory_type() const {
        return static_cast<std::uint8_t>(bits(raw, 53, 50));
    }
    /// Exits due to INS and OUTS fill the instruction-information field.
    [[nodiscard]] constexpr bool ins_outs_information() const { return bit(raw, 54); }
    /// Controls that default to 1 may be cleared: the TRUE capability MSRs exist.
    [[nodiscard]] constexpr bool true_controls() const { return bit(raw, 55); }
    /// Any hardware exception may be injected with or without an error code.
    [[nodiscard]] constexpr bool any_error_code() const { return bit(raw, 56); }
};

/// The capability MSR that applies to a group of controls, given IA32_VMX_BASIC.
constexpr Msr pin_based_capability(VmxBasic basic) {
    return basic.true_controls() ? Msr::ia32_vmx_true_pinbased_ctls : Msr::ia32_vmx_pinbased_ctls;
}
constexpr Msr primary_processor_based_capability(VmxBasic basic) {
    return basic.true_controls() ? Msr::ia32_vmx_true_procbased_ctls : Msr::ia32_vmx_procbased_ctls;
}
constexpr Msr vm_exit_capability(VmxBasic basic) {
    return basic.true_controls() ? Msr::ia32_vmx_true_exit_ctls : Msr::ia32_vmx_exit_ctls;
}
constexpr Msr vm_entry_capability(VmxBasic basic) {
    return basic.true_controls() ? Msr::ia32_vmx_true_entry_ctls : Msr::ia32_vmx_entry_ctls;
}

/// IA32_VMX_MISC (A.6).
struct VmxMisc {
    std::uint64_t raw;

    /// The VMX-preemption timer counts down by 1 each time this bit of the TSC changes.
    [[nodiscard]] constexpr std::uint8_t preemption_timer_shift() const {
        return static_cast<std::uint8_t>(bits(raw, 4, 0));
    }
    [[nodiscard]] constexpr bool activity_hlt() const { return bit(raw, 6); }
    [[nodiscard]] constexpr bool activity_shutdown() const { return bit(raw, 7); }
    [[nodiscard]] constexpr bool activity_wait_for_sipi() const { return bit(raw, 8); }
    /// Number of CR3-target values supported.
    [[nodiscard]] constexpr std::uint16_t cr3_target_count() const {
        return static_cast<std::uint16_t>(bits(raw, 24, 16));
    }
    /// Recommended maximum length of an MSR store or load area, in entries.
    [[nodiscard]] constexpr std::uint32_t msr_area_limit() const {
        return static_cast<std::uint32_t>(512 * (bits(raw, 27, 25) + 1));
    }
    /// VMWRITE may write the VM-exit information fields.
    [[nodiscard]] constexpr bool vmwrite_any_field() const { return bit(raw, 29); }
    /// Software events may be injected with instruction length 0.
    [[nodiscard]] constexpr bool injection_with_length_zero() const { return bit(raw, 30); }
};

/// IA32_VMX_EPT_VPID_CAP (A.10). Exists if EPT or VPID may be enabled.
struct EptVpidCapability {
    std::uint64_t raw;

    [[nodiscard]] constexpr bool execute_only() const { return bit(raw, 0); }
    [[nodiscard]] constexpr bool page_walk_length_4() const { return bit(raw, 6); }
    [[nodiscard]] constexpr bool page_walk_length_5() const { return bit(raw, 7); }
    [[nodiscard]] constexpr bool uncacheable() const { return bit(raw, 8); }
    [[nodiscard]] constexpr bool write_back() const { return bit(raw, 14); }
    [[nodiscard]] constexpr bool pages_2_mib() const { return bit(raw, 16); }
    [[nodiscard]] constexpr bool pages_1_gib() const { return bit(raw, 17); }
    [[nodiscard]] constexpr bool invept() const { return bit(raw, 20); }
    [[nodiscard]] constexpr bool accessed_and_dirty_flags() const { return bit(raw, 21); }
    [[nodiscard]] constexpr bool advanced_exit_information() const { return bit(raw, 22); }
    [[nodiscard]] constexpr bool supervisor_shadow_stack() const { return bit(raw, 23); }
    [[nodiscard]] constexpr bool invept_single_context() const { return bit(raw, 25); }
    [[nodiscard]] constexpr bool invept_all_contexts() const { return bit(raw, 26); }
    [[nodiscard]] constexpr bool invvpid() const { return bit(raw, 32); }
    [[nodiscard]] constexpr bool invvpid_individual_address() const { return bit(raw, 40); }
    [[nodiscard]] constexpr bool invvpid_single_context() const { return bit(raw, 41); }
    [[nodiscard]] constexpr bool invvpid_all_contexts() const { return bit(raw, 42); }
    [[nodiscard]] constexpr bool invvpid_single_context_retaining_globals() const {
        return bit(raw, 43);
    }
};

/// All capability MSRs of one processor. A register the processor lacks reads as 0 here.
struct Capabilities {
    VmxBasic basic{};
    std::uint64_t pin_based = 0;                 ///< the TRUE register if there is one
    std::uint64_t primary_processor_based = 0;   ///< the TRUE register if there is one
    std::uint64_t secondary_processor_based = 0; ///< IA32_VMX_PROCBASED_CTLS2
    std::uint64_t tertiary_processor_based = 0;  ///< IA32_VMX_PROCBASED_CTLS3: bits that may be 1
    std::uint64_t vm_exit = 0;                   ///< the TRUE register if there is one
    std::uint64_t secondary_vm_exit = 0;         ///< IA32_VMX_EXIT_CTLS2: bits that may be 1
    std::uint64_t vm_entry = 0;                  ///< the TRUE register if there is one
    VmxMisc misc{};
    std::uint64_t cr0_fixed0 = 0; ///< bits that must be 1 in CR0
    std::uint64_t cr0_fixed1 = 0; ///< bits that may be 1 in CR0
    std::uint64_t cr4_fixed0 = 0;
    std::uint64_t cr4_fixed1 = 0;
    EptVpidCapability ept_vpid{};
    std::uint64_t vm_functions = 0; ///< IA32_VMX_VMFUNC: VM functions that may be enabled

    /// Whether a secondary processor-based control (one bit) may be set.
    [[nodiscard]] constexpr bool may_set_secondary(std::uint32_t control_bit) const {
        return ((secondary_processor_based >> 32) & control_bit) != 0;
    }
};

} // namespace hv
