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

/// A vCPU that runs nothing yet: 64-bit mode, no address space, segments but CS empty, all
/// registers as after INIT where 64-bit mode allows.
void write_reset_state(Vcpu& vcpu);

} // namespace hv
