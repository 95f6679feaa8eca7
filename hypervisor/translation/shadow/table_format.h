#pragma once
// The formats of the guest's page tables, and what their entries say in the format of 4-level
// paging, for which the monitor's code for shadow tables is written.
//
// Outside IA-32e mode the processor walks shadow tables in the format of PAE paging, whatever mode
// the guest is in (SDM vol. 3, 4.4): four pointers, and two levels of tables below. The tables of
// 32-bit paging have 1024 entries, each of 4 bytes. So a shadow table of level 1 stands for a half
// of such a table, and one of level 2 for a quarter: an entry of level 2 maps 4 MiB, and becomes
// two.

#include "hypervisor/x86/paging_mode.h"

#include <cstdint>

namespace hv {

/// What entries a page table has, and for which part of it a shadow table stands. Only a pointer
/// table (pointer_tables.h) can have the mode `none`.
struct TableFormat {
    PagingMode mode = PagingMode::four_level;
    std::uint8_t part = 0; ///< two_level: of level 1, which half; of level 2, which quarter

    bool operator==(const TableFormat&) const = default;

    /// The format of the table to which slot `slot` of a shadow table of level `level` leads.
    constexpr TableFormat below(int level, std::uint32_t slot) const {
        if (mode != PagingMode::two_level)
            return {mode, 0};
        return {mode, static_cast<std::uint8_t>(level == PaePaging::levels ? slot : slot % 2)};
    }
};

/// Shadow entries that stand for one entry of the guest.
struct SlotRange {
    std::uint32_t first;
    std::uint32_t count;
};

/// For an entry of 4 bytes, with this index in its page table: the slots in a shadow table of level
/// `level` for part `part`; none if the entry belongs to another part.
SlotRange slots_of_small_entry(std::uint32_t index, int level, std::uint8_t part);

/// The index of the entry of 4 bytes for which slot `slot` stands.
std::uint32_t index_of_small_entry(std::uint32_t slot, int level, std::uint8_t part);

/// An entry of 32-bit paging as one of 4-level paging says it, for slot `slot` of level `level`: a
/// 4 MiB page becomes two of 2 MiB. 0 if a reserved bit is set. `has_large_pages` is CR4.PSE.
std::uint64_t widen_entry(std::uint32_t entry, int level, std::uint32_t slot, bool has_large_pages);

/// An entry of PAE paging likewise: 0 if a bit is set that is reserved only there.
std::uint64_t from_pae_entry(std::uint64_t entry);

} // namespace hv
