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

/// Bit n: breakpoint n is enabled.
constexpr std::uint64_t enabled_breakpoints(std::uint64_t dr7) {
    std::uint64_t enabled = 0;
    for (std::uint32_t number = 0; number < 4; ++number)
        enabled |= (dr7 >> 2 * number & 3) != 0 ? std::uint64_t{1} << number : 0;
    return enabled;
}

/// Whether the guest has a breakpoint on the instruction at RIP, enabled or not: while any is
/// enabled, DR6 may tell of one that is not (18.2.3).
bool has_breakpoint_on_instruction(const Vcpu& vcpu);

/// The instruction has accessed `size` ports from `port` on: the same for I/O breakpoints, which
/// exist while CR4.DE is set.
void note_port_access(Vcpu& vcpu, std::uint16_t port, std::uint32_t size);

} // namespace hv
