#pragma once
// Entries of four-level page tables (Intel SDM vol. 3, 4.5).

#include "guest/kernel/memory/layout.h"

#include <cstdint>

namespace guest::pte {

inline constexpr std::uint64_t present = 1 << 0;
inline constexpr std::uint64_t writable = 1 << 1;
inline constexpr std::uint64_t user = 1 << 2;
inline constexpr std::uint64_t accessed = 1 << 5;
inline constexpr std::uint64_t dirty = 1 << 6;
inline constexpr std::uint64_t large = 1 << 7;
inline constexpr std::uint64_t global = 1 << 8;
// Bits that the processor ignores and the kernel uses.
inline constexpr std::uint64_t owned = 1 << 9;          ///< the address space owns the page
inline constexpr std::uint64_t copy_on_write = 1 << 10; ///< writable before fork made it read-only
inline constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;

inline constexpr std::uint64_t address_mask = 0x000FFFFFFFFFF000;

/// The flags of an entry that references a paging structure: only the leaf restricts access.
inline constexpr std::uint64_t to_table = present | writable | user | accessed;
/// A writable leaf is accessed and dirty from the start, so that neither the processor nor a
/// monitor ever has to set those bits.
inline constexpr std::uint64_t read_write = present | writable | accessed | dirty | execute_disable;
inline constexpr std::uint64_t read_only = present | accessed | execute_disable;
inline constexpr std::uint64_t read_execute = present | accessed;

inline constexpr std::uint32_t entries = 512;
inline constexpr std::uint32_t first_kernel_entry =
    256; ///< index of the first entry of a root that maps the kernel half
inline constexpr std::uint32_t levels = 4;
inline constexpr std::uint64_t large_page_size = entries * page_size;

inline std::uint64_t* table_at(std::uint64_t physical) {
    return linear_pointer<std::uint64_t>(physical);
}

/// The number of low bits of a linear address that do not select an entry at `level` (1: page table
/// ... 4: root).
constexpr std::uint32_t shift(std::uint32_t level) { return 12 + 9 * (level - 1); }

/// The index of the entry for `linear` in a table at `level`.
constexpr std::uint32_t index_of(std::uint64_t linear, std::uint32_t level) {
    return static_cast<std::uint32_t>(linear >> shift(level)) % entries;
}

} // namespace guest::pte
