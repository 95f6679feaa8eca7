#pragma once
// The one editor of 4-level tables: the monitor's own page tables (its direct map among them), EPT,
// and the copies of a path through either that a single step runs on.
//
// Page tables and EPT have one shape (SDM vol. 3, tables 4-15 to 4-20 and 29-1 to 29-7): each table
// has 512 entries of 8 bytes, an entry holds a physical address in bits 51:12, and above level 1
// its bit 7 says that it maps a page. All else is the entry format's to say (MonitorPaging here,
// EptFormat in translation/ept.h):
//
//   link_bits               what an entry that leads to a table has beside the table's address
//   small_entry(large, n)   the entry of level 1 for the n-th 4 KiB page of the 2 MiB page that the
//                           entry `large` maps
//
// An entry that is 0 maps nothing; these tables have no other entry above level 1 that is not
// present. Large pages are of 2 MiB. The tables are read and written through the direct map, each
// entry in one access. Translations that the processor has cached are the caller's to drop.

#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/memory/page_allocator.h"
#include "hypervisor/x86/paging_mode.h"

#include <cstdint>
#include <span>

namespace hv {

/// Entries of the monitor's own page tables. Only the last entry on a path restricts what may be
/// done.
struct MonitorPaging {
    static constexpr std::uint64_t link_bits = paging::present | paging::writable;

    static constexpr std::uint64_t small_entry(std::uint64_t large, std::uint64_t number) {
        const std::uint64_t pat = (large & paging::large_pat) != 0 ? paging::pat : 0;
        return ((large & ~(paging::page_size | paging::large_pat)) + number * page_size) | pat;
    }
};

/// Where an entry lies.
struct EntryPlace {
    std::uint64_t address; ///< physical
    int level;             ///< of its table, 1 to 4
};

/// The place in the table at `table` (physical), of level `level`, that `address` selects.
constexpr EntryPlace place_in(std::uint64_t table, std::uint64_t address, int level) {
    return {table + FourLevelPaging::index(address, level) * sizeof(FourLevelPaging::Entry), level};
}

/// Whether an entry of level `level` leads to a table: it is neither absent nor maps a page.
constexpr bool is_link(std::uint64_t entry, int level) {
    return entry != 0 && !FourLevelPaging::maps_page(entry, level);
}

/// The tables below one root.
template <typename Format>
class PageTableEditor {
  public:
    /// `root` is the physical address of the table of level 4.
    explicit constexpr PageTableEditor(std::uint64_t root) : root_{root} {}

    /// Descends towards `address` and returns where that ends: at the entry of level `level`, or
    /// above it at an entry that is absent or maps a large page.
    EntryPlace find(std::uint64_t address, int level) const {
        EntryPlace place = place_in(root_, address, FourLevelPaging::levels);
        while (place.level > level) {
            const std::uint64_t entry = direct_word<std::uint64_t>(place.address);
            if (!is_link(entry, place.level))
                break;
            place = place_in(entry & paging::address_mask, address, place.level - 1);
        }
        return place;
    }

    /// The physical address of the entry of level `level` for `address`. Tables that are missing on
    /// the path are taken from `pages`, and a large page on it is split. 0 when no page is left;
    /// everything is mapped as before then.
    [[nodiscard]] std::uint64_t make(std::uint64_t address, int level, PageAllocator& pages) const {
        EntryPlace place = find(address, level);
        while (place.level > level) {
            const std::uint64_t table = extend(place, pages);
            if (table == 0)
                return 0;
            place = place_in(table, address, place.level - 1);
        }
        return place.address;
    }

    /// Has the entry at `place`, which is absent or maps a large page, lead to a new table that
    /// maps the same. Returns the table's physical address, or 0, with nothing changed, when no
    /// page is left.
    static std::uint64_t extend(const EntryPlace& place, PageAllocator& pages) {
        const std::uint64_t table = pages.take();
        if (table == 0)
            return 0;
        const std::uint64_t large = direct_word<std::uint64_t>(place.address);
        if (large != 0) {
            for (std::uint64_t number = 0; number < paging::entries; ++number)
                direct_word<std::uint64_t>(table + number * sizeof(FourLevelPaging::Entry)) =
                    Format::small_entry(large, number);
        }
        direct_word<std::uint64_t>(place.address) = table | Format::link_bits;
        return table;
    }

  private:
    std::uint64_t root_;
};

/// Copies the tables that lead from `root` to the 4 KiB page at `address` into the pages `copies`
/// (physical addresses, one for each level, the root's first), and has the copies lead to each
/// other; what lies beside the path is shared with the original. The format does not matter: links
/// keep their bits. A table that is in `copies` already, from a path that runs with this one, is
/// not copied again. Returns the physical address of the entry of level 1 in the last copy, or 0
/// when the path ends at a large page or at nothing; what the copies hold is then of no use.
inline std::uint64_t copy_path(std::uint64_t root, std::uint64_t address,
                               std::span<const std::uint64_t> copies) {
    const auto levels = static_cast<int>(copies.size());
    std::uint64_t original = root;
    for (int level = levels; level >= 1; --level) {
        const auto depth = static_cast<std::size_t>(levels - level);
        if (copies[depth] != original)
            copy_page(copies[depth], original);
        const std::uint64_t place = place_in(copies[depth], address, level).address;
        if (level == 1)
            return place;
        // What the copy has is believed: another vCPU may change the original meanwhile.
        const std::uint64_t entry = direct_word<std::uint64_t>(place);
        if (!is_link(entry, level))
            return 0;
        original = entry & paging::address_mask;
        direct_word<std::uint64_t>(place) = (entry & ~paging::address_mask) | copies[depth + 1];
    }
    return 0;
}

} // namespace hv
