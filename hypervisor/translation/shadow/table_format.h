#pragma once
// The formats of the guest's page tables, and what their entries say in the format of 4-level
// paging, which the monitor's code for shadow tables is written for.
//
// Outside IA-32e mode the processor walks shadow tables in the format of PAE paging, whatever mode
// the guest is in (SDM vol. 3, 4.4): four pointers, and two levels of tables below. 32-bit paging
// has tables of 1024 entries, each of 4 bytes. So of such a table of level 1 a shadow table shows a
// half, and of one of level 2 a quarter: an entry of level 2 maps 4 MiB, and becomes two.

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/x86/paging_mode.h"

#include <cstdint>

namespace hv {

/// What entries a page table has, and which part of it a shadow table stands for.
struct TableFormat {
    enum Entries : std::uint8_t {
        four_level,
        pae,
        two_level, ///< of 4 bytes
        unpaged,   ///< no page table at all: only of pointer tables
    };
    Entries entries = four_level;
    std::uint8_t part = 0; ///< two_level: of level 1, which half; of level 2, which quarter

    bool operator==(const TableFormat&) const = default;

    /// The format of the table to which slot `slot` of a shadow table of level `level` leads.
    constexpr TableFormat below(int level, std::uint32_t slot) const {
        if (entries != two_level)
            return {entries, 0};
        return {two_level, static_cast<std::uint8_t>(level == PaePaging::levels ? slot : slot % 2)};
    }
};

/// Shadow entries that stand for one entry of the guest.
struct SlotRange {
    std::uint32_t first;
    std::uint32_t count;
};

/// For an entry of 4 bytes, with this index in its page table: the slots in a shadow table of level
/// `level` for part `part`; none if the entry belongs to another part.
constexpr SlotRange slots_of_small_entry(std::uint32_t index, int level, std::uint8_t part) {
    const std::uint32_t slots_of_entry = level == 1 ? 1 : 2;
    const std::uint32_t entries = paging::entries / slots_of_entry;
    if (index / entries != part)
        return {0, 0};
    return {index % entries * slots_of_entry, slots_of_entry};
}

/// The index of the entry of 4 bytes for which slot `slot` stands.
constexpr std::uint32_t index_of_small_entry(std::uint32_t slot, int level, std::uint8_t part) {
    return (part * paging::entries + slot) / (level == 1 ? 1 : 2);
}

/// An entry of 32-bit paging as one of 4-level paging says it, for slot `slot` of level `level`: a
/// 4 MiB page becomes two of 2 MiB. 0 if a reserved bit is set. `has_large_pages` is CR4.PSE.
constexpr std::uint64_t widen_entry(std::uint32_t entry, int level, std::uint32_t slot,
                                    bool has_large_pages) {
    if (level == 1)
        return entry;
    if (!has_large_pages)
        return entry & ~static_cast<std::uint32_t>(paging::page_size);
    if (!ThirtyTwoBitPaging::maps_page(entry, level))
        return entry;
    if ((entry & ThirtyTwoBitPaging::reserved(entry, level, {})) != 0)
        return 0;
    constexpr std::uint64_t attributes = 0x1FFF; // bit 12 is PAT in either format
    return ThirtyTwoBitPaging::page_address(entry, level) |
           std::uint64_t{slot % 2} << PaePaging::shift(level) | (entry & attributes);
}

/// An entry of PAE paging likewise: 0 if a bit is set that is reserved only there.
constexpr std::uint64_t legacy_entry(std::uint64_t pae_entry) {
    constexpr std::uint64_t reserved = 0x7FF0'0000'0000'0000;
    return (pae_entry & reserved) == 0 ? pae_entry : 0;
}

} // namespace hv
