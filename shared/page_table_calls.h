#pragma once
// Flags and packed arguments of the page-table calls (docs/abi.md, "Page tables").

#include <algorithm>
#include <cstdint>

namespace abi {

/// Flags of AllocatePage and ReleasePage: the level of the page table, and its first contents.
namespace page_flags {
inline constexpr std::uint64_t pt = 0x01;   ///< level 1: its entries map 4 KiB pages
inline constexpr std::uint64_t pd = 0x02;   ///< level 2
inline constexpr std::uint64_t pdp = 0x04;  ///< level 3
inline constexpr std::uint64_t pml4 = 0x08; ///< level 4: a root
inline constexpr std::uint64_t levels = pt | pd | pdp | pml4;
inline constexpr std::uint64_t pae = 0x10;    ///< ignored: page tables have one format here
inline constexpr std::uint64_t clone = 0x20;  ///< copy entries of another table of the same level
inline constexpr std::uint64_t zeroed = 0x40; ///< a hint, which is not trusted
} // namespace page_flags

/// The level flag of a page table at `level`, from 1 (maps 4 KiB pages) to 4 (root).
constexpr std::uint64_t page_level_flag(std::uint32_t level) {
    return std::uint64_t{1} << level >> 1;
}

/// Flags of SetPxE and UpdatePxE. There is no flag for the level of the table: the monitor knows
/// it.
namespace update_flags {
/// The entry belongs to the address space in CR3, and maps the linear page whose address is in bits
/// 63:12 of the flags: no other translation changes.
inline constexpr std::uint64_t current_address_space = 0x10;
/// Cached translations may stay stale until InvalPage or FlushTLB. Without this flag the change is
/// complete as soon as the call is executed: nothing needs to be invalidated after it.
inline constexpr std::uint64_t defer = 0x20;
inline constexpr std::uint64_t address_mask = ~std::uint64_t{0xFFF};
} // namespace update_flags

/// Flags of FlushTLB.
namespace flush_flags {
inline constexpr std::uint64_t all = 1;
inline constexpr std::uint64_t global = 2; ///< global translations as well
} // namespace flush_flags

/// AllocatePage has five arguments, but a ring entry has room for three: the frame, the frame to
/// clone, and the other three packed into this.
struct AllocateOptions {
    std::uint16_t flags; ///< page_flags
    std::uint16_t first; ///< index of the first entry to clone
    std::uint32_t count; ///< number of entries to clone

    /// A number that does not fit becomes the largest one that does. No table has so many entries,
    /// so the monitor refuses it.
    static constexpr AllocateOptions make(std::uint64_t flags, std::uint64_t first,
                                          std::uint64_t count) {
        return {static_cast<std::uint16_t>(flags),
                static_cast<std::uint16_t>(std::min<std::uint64_t>(first, 0xFFFF)),
                static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 0xFFFFFFFF))};
    }
    static constexpr AllocateOptions decode(std::uint64_t raw) {
        return {static_cast<std::uint16_t>(raw), static_cast<std::uint16_t>(raw >> 16),
                static_cast<std::uint32_t>(raw >> 32)};
    }
    constexpr std::uint64_t encode() const {
        return flags | std::uint64_t{first} << 16 | std::uint64_t{count} << 32;
    }
};

} // namespace abi
