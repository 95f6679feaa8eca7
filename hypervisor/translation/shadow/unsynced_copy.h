#pragma once
// The copy of a page table that is out of step (ShadowTable::copy): the guest's page as it was when
// the shadow entries were made. The two halves of a page table of 32-bit paging have a copy each,
// of the whole page, of which only their half counts.

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/translation/shadow/shadow_pool.h"

namespace hv {

/// The guest's entry for slot `slot` as the monitor has last seen it, as read_guest() gives it.
inline std::uint64_t seen_entry(const ShadowPool& pool, const ShadowTable& table,
                                std::uint32_t slot) {
    if (table.format.mode != PagingMode::two_level)
        return pool.entry(table.copy * shadow_slots + slot);
    const std::uint32_t index = index_of_small_entry(slot, 1, table.format.part);
    return direct_word<std::uint32_t>(pool.address(table.copy) + index * sizeof(std::uint32_t));
}

inline void set_seen_entry(const ShadowPool& pool, const ShadowTable& table, std::uint32_t slot,
                           std::uint64_t entry) {
    if (table.format.mode != PagingMode::two_level) {
        pool.entry(table.copy * shadow_slots + slot) = entry;
        return;
    }
    const std::uint32_t index = index_of_small_entry(slot, 1, table.format.part);
    direct_word<std::uint32_t>(pool.address(table.copy) + index * sizeof(std::uint32_t)) =
        static_cast<std::uint32_t>(entry);
}

} // namespace hv
