#pragma once
// The error code of page faults (SDM vol. 3, 4.7).

#include <cstdint>

namespace hv::fault_code {

inline constexpr std::uint32_t present = 1 << 0;
inline constexpr std::uint32_t write = 1 << 1;
inline constexpr std::uint32_t user = 1 << 2;
inline constexpr std::uint32_t reserved = 1 << 3;
inline constexpr std::uint32_t fetch = 1 << 4;
inline constexpr std::uint32_t protection_key = 1 << 5;

} // namespace hv::fault_code
