#pragma once
// Whether this processor can run the monitor: checked, and said in words.

#include "hypervisor/vcpu/virtual_machine.h"

#include <cstdint>

namespace hv {

/// Ends the run, saying what is missing and what to do, unless CPUID offers VT-x and
/// IA32_FEATURE_CONTROL allows it. Sets and locks that MSR where the firmware left it open
/// (SDM vol. 3, 24.7).
void require_vmx();

/// Negotiates the controls of the machine's profile; ends the run when a required one is missing.
void choose_controls(VirtualMachine& machine);

/// What this processor's entries of page tables can say, for a guest as it starts.
PagingFeatures paging_features(std::uint8_t physical_address_bits);

/// MAXPHYADDR.
std::uint8_t physical_address_bits();

} // namespace hv
