#pragma once
// Model-specific registers (Intel SDM vol. 4, table 2-2).

#include <cstdint>

namespace guest::msr {

inline constexpr std::uint32_t efer = 0xC0000080;
inline constexpr std::uint32_t star = 0xC0000081;
inline constexpr std::uint32_t lstar = 0xC0000082;
inline constexpr std::uint32_t fmask = 0xC0000084;
inline constexpr std::uint32_t fs_base = 0xC0000100;
inline constexpr std::uint32_t gs_base = 0xC0000101;
inline constexpr std::uint32_t kernel_gs_base = 0xC0000102;

inline constexpr std::uint64_t efer_sce = 1 << 0;  ///< SYSCALL and SYSRET
inline constexpr std::uint64_t efer_lma = 1 << 10; ///< 64-bit mode is active; set by the processor
inline constexpr std::uint64_t efer_nxe = 1 << 11; ///< execute-disable

} // namespace guest::msr
