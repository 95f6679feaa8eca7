#pragma once
// Guest non-register state (SDM vol. 3, 25.4.2).

#include <cstdint>

namespace hv {

enum class ActivityState : std::uint32_t { active = 0, hlt = 1, shutdown = 2, wait_for_sipi = 3 };

/// Interruptibility state (table 25-3): what blocks events.
namespace interruptibility {
inline constexpr std::uint32_t sti = 1U << 0;
inline constexpr std::uint32_t mov_ss = 1U << 1;
inline constexpr std::uint32_t smi = 1U << 2;
inline constexpr std::uint32_t nmi = 1U << 3;
inline constexpr std::uint32_t enclave = 1U << 4;
/// Cleared where an instruction ends: each blocks for one instruction only.
inline constexpr std::uint32_t sti_or_mov_ss = sti | mov_ss;
inline constexpr std::uint32_t all = sti | mov_ss | smi | nmi | enclave;
} // namespace interruptibility

/// Pending debug exceptions (table 25-4).
namespace pending_debug {
inline constexpr std::uint64_t bus_lock = 1U << 11;
inline constexpr std::uint64_t enabled_breakpoint = 1U << 12;
inline constexpr std::uint64_t single_step = 1U << 14;
inline constexpr std::uint64_t restricted_transactional_memory = 1U << 16;
} // namespace pending_debug

} // namespace hv
