#pragma once
// Why a VM entry fails: every rule of the manual that the current VMCS breaks. Pure code: the VMCS
// is read through a callable, the processor is described by EntryFacts.
//
// Section numbers are those of SDM vol. 3 in editions where chapter 27 is "VM Entries".
//
// What cannot be judged from VMCS fields is left out: the revision identifier of the VMCS that the
// link pointer names (27.3.1.5), VTPR against the TPR threshold (27.2.1.1), the MSRs in the
// VM-entry MSR-load area (27.4), and blocking by MOV SS at the time of VMLAUNCH (27.1).

#include "hypervisor/entry_check/entry_rule.h"
#include "hypervisor/vmx/capability.h"
#include "hypervisor/vmx/field.h"

#include <array>
#include <cstdint>
#include <span>

namespace hv {

/// Reads a field of the VMCS. A field that belongs to a control is read only if that control is
/// set, so a processor that has the control has the field.
struct FieldReader {
    std::uint64_t (*function)(void* context, Field field);
    void* context; ///< not owned

    std::uint64_t operator()(Field field) const { return function(context, field); }
};

/// What the checks depend on beside the VMCS.
struct EntryFacts {
    Capabilities capabilities;
    std::uint8_t physical_address_width = 36; ///< MAXPHYADDR, CPUID.80000008H:EAX[7:0]
    std::uint8_t linear_address_width = 48;   ///< CPUID.80000008H:EAX[15:8]
    bool ia32e_mode = true;                   ///< the processor is in IA-32e mode (the monitor is)
    bool rtm = false;                         ///< CPUID.(7,0):EBX[11]
    bool sgx = false;                         ///< CPUID.(7,0):EBX[2]
    bool bus_lock_detection = false;          ///< CPUID.(7,0):ECX[24]
    // Bits that are not reserved in MSRs.
    std::uint64_t efer_bits = 0xD01;      ///< SCE, LME, LMA, NXE
    std::uint64_t debugctl_bits = 0xFFC3; ///< all but bits 5:2 and 63:16
    std::uint64_t perf_global_ctrl_bits = 0x0001'000F'0000'00FF;
    std::uint64_t rtit_ctl_bits = ~std::uint64_t{0};
    std::uint64_t lbr_ctl_bits = 0x7F000F;
};

/// One broken rule.
struct Violation {
    EntryRule rule;      ///< text(rule) gives section and requirement
    Field field;         ///< the field to look at
    std::uint64_t value; ///< its value
};

/// All broken rules, in the manual's order; the first is what the processor found, or near it (it
/// may check in any order within a section).
class EntryReport {
  public:
    static constexpr std::uint32_t capacity = 64;

    [[nodiscard]] std::span<const Violation> violations() const { return {rows_.data(), count_}; }
    /// There were more than `capacity`.
    [[nodiscard]] bool truncated() const { return truncated_; }
    void add(const Violation& violation) {
        if (count_ == capacity) {
            truncated_ = true;
            return;
        }
        rows_[count_++] = violation;
    }

  private:
    std::array<Violation, capacity> rows_{};
    std::uint32_t count_ = 0;
    bool truncated_ = false;
};

/// Judges the current VMCS as VMLAUNCH or VMRESUME would outside SMM.
[[nodiscard]] EntryReport check_vm_entry(FieldReader read, const EntryFacts& facts);

} // namespace hv
