#pragma once
// The guest's own breakpoints, where the monitor carries out an instruction in its place (SDM vol.
// 3, 18.2).

#include <cstdint>

namespace hv {

struct Vcpu;

/// The instruction has read or written `size` bytes at `linear`: the #DB of each data breakpoint
/// there comes after it (25.4.2, pending debug exceptions). `dr7` is the guest's.
void note_access(Vcpu& vcpu, std::uint64_t dr7, std::uint64_t linear, std::uint32_t size,
                 bool write);

/// Whether DR7 enables any breakpoint.
constexpr bool has_breakpoints(std::uint64_t dr7) { return (dr7 & 0xFF) != 0; }

} // namespace hv
