#pragma once
// What CPUID tells the guest.

#include "hypervisor/host/processor/instructions.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// What CPUID returns to the guest. `guest_cr4` decides the bits that reflect it (OSXSAVE, OSPKE).
cpu::CpuidResult guest_cpuid(const Vcpu& vcpu, std::uint64_t guest_cr4, std::uint32_t leaf,
                             std::uint32_t subleaf);

} // namespace hv
