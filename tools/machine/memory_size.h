#pragma once
// The memory of the machine that is emulated, as given on the command line.

#include <cstdint>
#include <string>
#include <string_view>

namespace tool {

inline constexpr std::uint32_t min_memory_mebibytes = 64;
inline constexpr std::uint32_t max_memory_mebibytes = 3072; ///< below the PCI hole

/// "256M", "1G" or a plain number of MiB, as MiB. Throws Failure when it is none of these or out of
/// the range from min_memory_mebibytes to max_memory_mebibytes.
std::uint32_t parse_memory_size(std::string_view text);

} // namespace tool
