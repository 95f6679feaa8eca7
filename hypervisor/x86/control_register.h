#pragma once
// Bits of the control registers that we name (SDM vol. 3, 2.5).

#include <cstdint>

namespace hv {

/// Bits of CR0.
namespace cr0 {
inline constexpr std::uint64_t protection_enable = 1 << 0;
inline constexpr std::uint64_t task_switched = 1 << 3;
inline constexpr std::uint64_t extension_type = 1 << 4;
inline constexpr std::uint64_t numeric_error = 1 << 5;
inline constexpr std::uint64_t write_protect = 1 << 16;
inline constexpr std::uint64_t alignment_mask = 1 << 18;
inline constexpr std::uint64_t not_write_through = 1 << 29;
inline constexpr std::uint64_t cache_disable = 1 << 30;
inline constexpr std::uint64_t paging = std::uint64_t{1} << 31;
} // namespace cr0

/// Bits of CR4.
namespace cr4 {
inline constexpr std::uint64_t physical_address_extension = 1 << 5;
inline constexpr std::uint64_t page_global_enable = 1 << 7;
inline constexpr std::uint64_t operating_system_fxsave = 1 << 9;
inline constexpr std::uint64_t operating_system_xmm_exceptions = 1 << 10;
inline constexpr std::uint64_t linear_address_57 = 1 << 12;
inline constexpr std::uint64_t vmx_enable = 1 << 13;
inline constexpr std::uint64_t smx_enable = 1 << 14;
inline constexpr std::uint64_t pcid_enable = 1 << 17;
inline constexpr std::uint64_t osxsave = 1 << 18;
inline constexpr std::uint64_t supervisor_execution_prevention = 1 << 20;
inline constexpr std::uint64_t supervisor_access_prevention = 1 << 21;
inline constexpr std::uint64_t protection_key_enable = 1 << 22;
inline constexpr std::uint64_t control_flow_enforcement = 1 << 23;
} // namespace cr4

} // namespace hv
