#pragma once
// What CPUID says to the guest.

#include "hypervisor/host/processor/instructions.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// `guest_cr4` decides over the bits that mirror it (OSXSAVE, OSPKE).
cpu::CpuidResult guest_cpuid(const Vcpu& vcpu, std::uint64_t guest_cr4, std::uint32_t leaf,
                             std::uint32_t subleaf);

} // namespace hv
