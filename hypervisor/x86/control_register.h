#pragma once
// Bits of the control registers that we name (SDM vol. 3, 2.5).

#include <cstdint>

namespace hv {

/// Bits of CR0.
namespace cr0 {
inline constexpr std::uint64_t protection_enable = 1 << 0;
inline constexpr std::uint64_t monitor_coprocessor = 1 << 1;
inline constexpr std::uint64_t emulation = 1 << 2;
inline constexpr std::uint64_t task_switched = 1 << 3;
inline constexpr std::uint64_t extension_type = 1 << 4; ///< always 1; a write does not change it
inline constexpr std::uint64_t numeric_error = 1 << 5;
inline constexpr std::uint64_t write_protect = 1 << 16;
inline constexpr std::uint64_t alignment_mask = 1 << 18;
inline constexpr std::uint64_t not_write_through = 1 << 29;
inline constexpr std::uint64_t cache_disable = 1 << 30;
inline constexpr std::uint64_t paging = std::uint64_t{1} << 31;
/// All of them. The others of bits 31:0 are reserved: a write of them is ignored, and they read 0.
inline constexpr std::uint64_t defined =
    protection_enable | monitor_coprocessor | emulation | task_switched | extension_type |
    numeric_error | write_protect | alignment_mask | not_write_through | cache_disable | paging;
} // namespace cr0

/// Bits of CR4.
namespace cr4 {
inline constexpr std::uint64_t virtual_8086_mode_extensions = 1 << 0;
inline constexpr std::uint64_t protected_mode_virtual_interrupts = 1 << 1;
inline constexpr std::uint64_t time_stamp_disable = 1 << 2;
inline constexpr std::uint64_t debugging_extensions = 1 << 3;
inline constexpr std::uint64_t page_size_extensions = 1 << 4;
inline constexpr std::uint64_t physical_address_extension = 1 << 5;
inline constexpr std::uint64_t machine_check_enable = 1 << 6;
inline constexpr std::uint64_t page_global_enable = 1 << 7;
inline constexpr std::uint64_t performance_counter_enable = 1 << 8;
inline constexpr std::uint64_t operating_system_fxsave = 1 << 9;
inline constexpr std::uint64_t operating_system_xmm_exceptions = 1 << 10;
inline constexpr std::uint64_t user_mode_instruction_prevention = 1 << 11;
inline constexpr std::uint64_t linear_address_57 = 1 << 12;
inline constexpr std::uint64_t vmx_enable = 1 << 13;
inline constexpr std::uint64_t smx_enable = 1 << 14;
inline constexpr std::uint64_t fsgsbase = 1 << 16;
inline constexpr std::uint64_t pcid_enable = 1 << 17;
inline constexpr std::uint64_t osxsave = 1 << 18;
inline constexpr std::uint64_t supervisor_execution_prevention = 1 << 20;
inline constexpr std::uint64_t supervisor_access_prevention = 1 << 21;
inline constexpr std::uint64_t protection_key_enable = 1 << 22;
inline constexpr std::uint64_t control_flow_enforcement = 1 << 23;
} // namespace cr4

/// State components of XCR0 (SDM vol. 1, 13.1).
namespace xcr0 {
inline constexpr std::uint64_t x87 = 1 << 0;
inline constexpr std::uint64_t sse = 1 << 1;
inline constexpr std::uint64_t avx = 1 << 2;
inline constexpr std::uint64_t avx_512 = 0b111 << 5; ///< opmask, ZMM_Hi256, Hi16_ZMM
inline constexpr std::uint64_t pkru = 1 << 9;
} // namespace xcr0

} // namespace hv
