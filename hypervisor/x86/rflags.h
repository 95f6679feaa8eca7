#pragma once
// Bits of RFLAGS (SDM vol. 1, 3.4.3).

#include "hypervisor/x86/bits.h"

#include <cstdint>

namespace hv::rflags {

// The status flags are in x86/status_flags.h.
inline constexpr std::uint64_t always_one = 1 << 1;
inline constexpr std::uint64_t trap = 1 << 8;
inline constexpr std::uint64_t interrupt_enable = 1 << 9;
inline constexpr std::uint64_t direction = 1 << 10;
inline constexpr std::uint64_t io_privilege_level = 3 << 12;
inline constexpr std::uint64_t nested_task = 1 << 14;
inline constexpr std::uint64_t resume =
    1 << 16; ///< RF: no instruction breakpoint for one instruction
inline constexpr std::uint64_t virtual_8086_mode = 1 << 17;
inline constexpr std::uint64_t alignment_check = 1 << 18;
inline constexpr std::uint64_t reserved_zero = mask(63, 22) | 1 << 15 | 1 << 5 | 1 << 3;

} // namespace hv::rflags
