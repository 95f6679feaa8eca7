#pragma once
// The registers of a vCPU that runs nothing yet.

#include "hypervisor/x86/segment.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// A busy 64-bit TSS without an I/O bitmap.
constexpr Segment busy_tss(std::uint16_t selector, std::uint64_t base) {
    return {selector, base, 103, {0x8B}};
}

/// Makes the vCPU one that runs nothing yet: in 64-bit mode, with no address space, all segments
/// empty except CS, all other registers as after INIT as far as 64-bit mode allows.
void write_reset_state(Vcpu& vcpu);

} // namespace hv
