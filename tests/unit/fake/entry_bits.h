#pragma once
// The bits of page-table entries (SDM vol. 3, 4.3 to 4.5), for walks that tests make themselves:
// written a second time, since those walks judge the monitor's.

#include <cstdint>

namespace hv::test::entry_bits {

inline constexpr std::uint64_t present = 1;
inline constexpr std::uint64_t writable = 2;
inline constexpr std::uint64_t user = 4;
inline constexpr std::uint64_t accessed = 0x20;
inline constexpr std::uint64_t dirty = 0x40;
inline constexpr std::uint64_t large = 0x80; ///< of an entry above level 1
inline constexpr std::uint64_t global = 0x100;
inline constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;
inline constexpr std::uint64_t address = 0x000F'FFFF'FFFF'F000;

} // namespace hv::test::entry_bits
