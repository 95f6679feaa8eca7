#pragma once
// Which VM-execution, VM-exit and VM-entry controls a profile asks for, and what it gets.

#include "hypervisor/vcpu/virtual_machine.h"
#include "hypervisor/vmx/controls.h"
#include "shared/profile.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// One control field: what was asked of it and what came of that.
struct ControlField {
    std::string_view name; ///< as in the manual
    std::span<const ControlName> bits;
    Negotiated result;
};

inline constexpr std::uint32_t control_field_count = 5;

struct ControlSelection {
    std::array<ControlField, control_field_count> fields;

    /// The values for the VMCS.
    Controls controls() const;
    /// Whether all required controls were granted.
    bool sufficient() const;
};

/// Negotiates all fields against the capability MSRs. `protects`: as VirtualMachine::protects.
/// Pure.
ControlSelection select_controls(abi::Profile profile, const Capabilities& capabilities,
                                 bool several_vcpus = false, bool protects = true);

/// Prints what was wanted and not granted, one line a field, and the @context line that names it.
void print_selection(const ControlSelection& selection);

} // namespace hv
