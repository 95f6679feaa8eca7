#pragma once
// The three paging modes with tables in memory (SDM vol. 3, 4.3 to 4.5), as policies for the walker
// (paging_walk.h): how entries lie, which of them map pages, and which bits must be zero.

#include <cstdint>

namespace hv {

/// Bits of paging-structure entries.
namespace paging {
inline constexpr std::uint64_t present = 1 << 0;
inline constexpr std::uint64_t writable = 1 << 1;
inline constexpr std::uint64_t user = 1 << 2;
inline constexpr std::uint64_t write_through = 1 << 3;
inline constexpr std::uint64_t cache_disable = 1 << 4;
inline constexpr std::uint64_t accessed = 1 << 5;
inline constexpr std::uint64_t dirty = 1 << 6;
inline constexpr std::uint64_t page_size = 1 << 7;  ///< of an entry above level 1
inline constexpr std::uint64_t pat = 1 << 7;        ///< of an entry of level 1
inline constexpr std::uint64_t global = 1 << 8;     ///< of an entry that maps a page
inline constexpr std::uint64_t large_pat = 1 << 12; ///< of an entry that maps a large page
inline constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;
inline constexpr std::uint64_t address_mask = 0x000FFFFFFFFFF000;
/// The protection key of an entry that maps a page.
constexpr std::uint32_t protection_key(std::uint64_t entry) {
    return static_cast<std::uint32_t>(entry >> 59 & 0xF);
}
inline constexpr std::uint32_t entries = 512;  ///< of a table with 8-byte entries
inline constexpr std::uint64_t entry_size = 8; ///< in bytes; 4 under 32-bit paging
} // namespace paging

/// SDM vol. 3, 4.1.1.
enum class PagingMode : std::uint8_t { four_level, pae, two_level, none };

/// What the processor and the guest's control registers say about entries.
struct PagingFeatures {
    std::uint8_t physical_address_bits = 36;
    bool execute_disable = true; ///< EFER.NXE
    bool gigabyte_pages = false; ///< CPUID.80000001H:EDX.Page1GB
    bool large_pages = false;    ///< CR4.PSE: whether 32-bit paging has pages of 4 MiB
};

/// Reserves only what every processor reserves: for a walk that asks where the guest's tables lead,
/// not whether this processor would fault.
inline constexpr PagingFeatures lenient_features{.physical_address_bits = 52,
                                                 .gigabyte_pages = true};

/// 4-level paging (4.5).
struct FourLevelPaging {
    using Entry = std::uint64_t;
    static constexpr int levels = 4;

    static constexpr int shift(int level) { return 12 + 9 * (level - 1); }
    static constexpr std::uint64_t index(std::uint64_t linear, int level) {
        return linear >> shift(level) & 0x1FF;
    }
    static constexpr bool maps_page(Entry entry, int level) {
        return level == 1 || (level <= 3 && (entry & paging::page_size) != 0);
    }
    /// The physical address in an entry that maps a page: of the page's first byte.
    static constexpr std::uint64_t page_address(Entry entry, int level) {
        return entry & paging::address_mask & ~((std::uint64_t{1} << shift(level)) - 1);
    }
    static constexpr bool writable(Entry entry, int) { return (entry & paging::writable) != 0; }
    static constexpr bool user(Entry entry, int) { return (entry & paging::user) != 0; }
    static constexpr bool executable(Entry entry, int) {
        return (entry & paging::execute_disable) == 0;
    }
    /// Bits of a present entry that must be zero (4.5.4, tables 4-15 to 4-20).
    static constexpr std::uint64_t reserved(Entry entry, int level,
                                            const PagingFeatures& features) {
        std::uint64_t bits =
            paging::address_mask & ~((std::uint64_t{1} << features.physical_address_bits) - 1);
        if (!features.execute_disable)
            bits |= paging::execute_disable;
        if (level == 4 || (level == 3 && !features.gigabyte_pages))
            bits |= paging::page_size;
        if (level > 1 && (entry & paging::page_size) != 0)
            bits |= ((std::uint64_t{1} << shift(level)) - 1) & ~std::uint64_t{0x1FFF};
        return bits;
    }
};

/// PAE paging (4.4). Entries of the top level have no rights.
struct PaePaging {
    using Entry = std::uint64_t;
    static constexpr int levels = 3;
    /// Reserved at every level, whatever the width of physical addresses, and only in this mode.
    static constexpr std::uint64_t always_reserved = 0x7FF0'0000'0000'0000;

    static constexpr int shift(int level) { return FourLevelPaging::shift(level); }
    static constexpr std::uint64_t index(std::uint64_t linear, int level) {
        return linear >> shift(level) & (level == levels ? 3 : 0x1FF);
    }
    static constexpr bool maps_page(Entry entry, int level) {
        return level == 1 || (level == 2 && (entry & paging::page_size) != 0);
    }
    static constexpr std::uint64_t page_address(Entry entry, int level) {
        return FourLevelPaging::page_address(entry, level);
    }
    static constexpr bool writable(Entry entry, int level) {
        return level == levels || (entry & paging::writable) != 0;
    }
    static constexpr bool user(Entry entry, int level) {
        return level == levels || (entry & paging::user) != 0;
    }
    static constexpr bool executable(Entry entry, int level) {
        return level == levels || (entry & paging::execute_disable) == 0;
    }
    static constexpr std::uint64_t reserved(Entry entry, int level,
                                            const PagingFeatures& features) {
        // Bits 1, 2 and 5 to 8 of the top level, whose entries are loaded with CR3 (table 4-8).
        constexpr std::uint64_t top = paging::execute_disable | 0x1E6;
        if (level == levels)
            return FourLevelPaging::reserved(0, 1, features) | always_reserved | top;
        return FourLevelPaging::reserved(entry, level, features) | always_reserved;
    }
};

/// 32-bit paging with CR4.PSE (4.3); 4 MiB pages reach 40-bit physical addresses (PSE-36).
struct ThirtyTwoBitPaging {
    using Entry = std::uint32_t;
    static constexpr int levels = 2;

    static constexpr int shift(int level) { return 12 + 10 * (level - 1); }
    static constexpr std::uint64_t index(std::uint64_t linear, int level) {
        return linear >> shift(level) & 0x3FF;
    }
    static constexpr bool maps_page(Entry entry, int level) {
        return level == 1 || (entry & paging::page_size) != 0;
    }
    static constexpr std::uint64_t page_address(Entry entry, int level) {
        if (level == 1)
            return entry & 0xFFFFF000;
        return (entry & 0xFFC00000) | std::uint64_t{entry >> 13 & 0xFF} << 32;
    }
    static constexpr bool writable(Entry entry, int) { return (entry & paging::writable) != 0; }
    static constexpr bool user(Entry entry, int) { return (entry & paging::user) != 0; }
    static constexpr bool executable(Entry, int) { return true; }
    static constexpr std::uint64_t reserved(Entry entry, int level, const PagingFeatures&) {
        return level == 2 && (entry & paging::page_size) != 0 ? 1U << 21 : 0;
    }
};

} // namespace hv
