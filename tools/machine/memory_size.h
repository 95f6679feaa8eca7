#pragma once
// Sizes of memory, as given on the command line.

#include <cstdint>
#include <string>
#include <string_view>

namespace tool {

inline constexpr std::uint32_t min_memory_mebibytes = 64;
inline constexpr std::uint32_t max_memory_mebibytes = 3072; ///< below the PCI hole

/// The memory of the machine: "256M", "1G" or a plain number of MiB, as MiB. Throws Failure when it
/// is none of these or out of the range from min_memory_mebibytes to max_memory_mebibytes.
std::uint32_t parse_memory_size(std::string_view text);

/// Sixteen tables, and as many as could map all memory with room to spare. Within this range the
/// monitor says what is too much for it.
inline constexpr std::uint32_t min_shadow_kibibytes = 64;
inline constexpr std::uint32_t max_shadow_kibibytes = 1024 * 1024;

/// Memory for shadow page tables: "512K", "2M", "1G" or a plain number of MiB, as KiB. Throws
/// Failure when it is none of these, no whole number of pages, or out of the range from
/// min_shadow_kibibytes to max_shadow_kibibytes.
std::uint32_t parse_shadow_memory_size(std::string_view text);

} // namespace tool
