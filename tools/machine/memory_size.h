#pragma once
// Sizes of memory, as given on the command line.

#include <cstdint>
#include <string>
#include <string_view>

namespace tool {

inline constexpr std::uint32_t min_memory_mebibytes = 64;
inline constexpr std::uint32_t max_memory_mebibytes = 3072; ///< below the PCI hole

/// The memory of the machine: "256M", "1G" or a plain number of MiB, as MiB. Throws Failure for
/// anything else, and for a size below min_memory_mebibytes or above max_memory_mebibytes.
std::uint32_t parse_memory_size(std::string_view text);

/// Enough for sixteen shadow page tables; and for more than it takes to map all memory. Within this
/// range the monitor itself reports a size that is too large for the machine.
inline constexpr std::uint32_t min_shadow_kibibytes = 64;
inline constexpr std::uint32_t max_shadow_kibibytes = 1024 * 1024;

/// Memory for shadow page tables: "512K", "2M", "1G" or a plain number of MiB, as KiB. Throws
/// Failure for anything else, for a size that is not a whole number of pages, and for one below
/// min_shadow_kibibytes or above max_shadow_kibibytes.
std::uint32_t parse_shadow_memory_size(std::string_view text);

} // namespace tool
