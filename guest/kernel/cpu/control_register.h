#pragma once
// Bits of CR0, CR4 and RFLAGS (Intel SDM vol. 3, 2.5 and 2.3).

#include <cstdint>

namespace guest {

inline constexpr std::uint64_t cr0_pe = 1 << 0;
inline constexpr std::uint64_t cr0_mp = 1 << 1;
inline constexpr std::uint64_t cr0_ts = 1 << 3;
inline constexpr std::uint64_t cr0_et = 1 << 4;
inline constexpr std::uint64_t cr0_ne = 1 << 5;
inline constexpr std::uint64_t cr0_wp = 1 << 16;
inline constexpr std::uint64_t cr0_pg = std::uint64_t{1} << 31;

inline constexpr std::uint64_t cr4_pae = 1 << 5;
inline constexpr std::uint64_t cr4_pge = 1 << 7;
inline constexpr std::uint64_t cr4_osfxsr = 1 << 9;
inline constexpr std::uint64_t cr4_osxmmexcpt = 1 << 10;

inline constexpr std::uint64_t rflags_fixed = 1 << 1;
inline constexpr std::uint64_t rflags_tf = 1 << 8;
inline constexpr std::uint64_t rflags_if = 1 << 9;
inline constexpr std::uint64_t rflags_df = 1 << 10;
inline constexpr std::uint64_t rflags_nt = 1 << 14;
inline constexpr std::uint64_t rflags_ac = 1 << 18;

} // namespace guest
