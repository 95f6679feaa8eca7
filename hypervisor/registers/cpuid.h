#pragma once
// What CPUID tells the guest, and with it which bits of CR4 and XCR0 the guest may set.
// registers/cpuid_features.h is the list of what is passed on.

#include "hypervisor/host/processor/instructions.h"

#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

/// What CPUID returns to the guest. `guest_cr4` decides the bits that reflect it (OSXSAVE, OSPKE).
cpu::CpuidResult guest_cpuid(const Vcpu& vcpu, std::uint64_t guest_cr4, std::uint32_t leaf,
                             std::uint32_t subleaf);

/// Computes, from what CPUID offers, the bits of CR4 and XCR0 that a guest may set
/// (`offered_cr4`, `offered_xcr0`). Capabilities, controls and demands are chosen before.
void offer_registers(VirtualMachine& machine);

} // namespace hv
