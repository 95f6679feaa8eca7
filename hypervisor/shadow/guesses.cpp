// Under a kernel that announces nothing: what it will most likely do next is done for it now, where
// the architecture lets a processor do it too.

#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/shadow/shadow_tables.h"

namespace hv {

namespace {

/// Entries around one that was used, aligned: 256 KiB.
constexpr std::uint32_t neighbours = 64;
constexpr std::uint64_t first_kernel_address = std::uint64_t{1} << 47;
constexpr std::uint32_t first_kernel_slot = shadow_slots / 2;

} // namespace

// A page that was never used has its accessed bit clear, and would fault by itself. A processor may
// use entries ahead of the code (SDM vol. 3, 4.10.2.3), and set their accessed bits; never dirty
// bits. Where the table is out of step, only what has not changed since.
void ShadowTables::use_neighbours(ShadowNumber number, std::uint32_t slot) {
    const ShadowTable& table = pool_.table(number);
    const bool unsynced = (table.flags & shadow_flags::unsynced) != 0;
    const std::uint32_t first = slot - slot % neighbours;
    for (std::uint32_t next = first; next < first + neighbours; ++next) {
        std::uint64_t guest = read_guest(table, next);
        if ((guest & shadow_bits::usable) != paging::present || (guest & reserved_in_leaf_) != 0 ||
            frames_.of_address(guest & paging::address_mask) == nullptr)
            continue;
        if (unsynced && pool_.entry(table.copy * shadow_slots + next) != guest)
            continue;
        const std::uint64_t used = guest | paging::accessed;
        // Not when another vCPU has changed it meanwhile.
        if (!__atomic_compare_exchange_n(
                reinterpret_cast<std::uint64_t*>(direct_pointer(table.frame * page_size)) + next,
                &guest, used, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            continue;
        if (unsynced)
            pool_.entry(table.copy * shadow_slots + next) = used;
        replace(number * shadow_slots + next, leaf_entry(used, table.view));
    }
}

bool ShadowTables::only_child_of_user_root(ShadowNumber number) const {
    const EntryNumber parent = pool_.table(number).parents;
    if (parent == 0 || pool_.next(parent) != 0 || pool_.table(number).pins != 0)
        return false;
    const ShadowNumber above = parent / shadow_slots;
    if (pool_.table(above).level == FourLevelPaging::levels)
        return parent % shadow_slots < first_kernel_slot;
    return only_child_of_user_root(above);
}

// Tables of the guest's that nothing but this one leads to.
void ShadowTables::release_orphans(ShadowNumber number) {
    const std::uint64_t page = pool_.address(number);
    for (std::uint32_t slot = first_nonzero(page, 0); slot < shadow_slots;
         slot = first_nonzero(page, slot + 1)) {
        const ShadowNumber child = child_of(number * shadow_slots + slot);
        if (child == 0 || (pool_.table(child).flags & shadow_flags::direct) != 0)
            continue;
        replace(number * shadow_slots + slot, 0);
        if (pool_.table(child).parents == 0 && pool_.table(child).pins == 0)
            (void)release(child);
    }
}

// The kernel has taken an entry out of a table of the user's half. Most likely it takes them all
// out, one by one and level by level, as at the end of a process: the tables are made ordinary
// memory at once. Those that stay are built again when they are used.
void ShadowTables::drop_way_up(ShadowNumber number) {
    while (pool_.table(number).level < FourLevelPaging::levels && only_child_of_user_root(number)) {
        const ShadowNumber above = pool_.table(number).parents / shadow_slots;
        release_orphans(number);
        (void)release(number);
        if (first_nonzero(pool_.address(above), 0) != shadow_slots)
            return; // it leads to others, too
        number = above;
    }
}

// A table that has just come into use is most likely changed soon: by faults of a new process, or
// at its end. So its first store need not exit; if none comes, the table is write-protected as
// others are. Half of what may be out of step is left for tables that have been written to.
void ShadowTables::expect_stores(Frame& frame, std::uint64_t linear) {
    if (linear < first_kernel_address && unsynced_ < max_unsynced / 2 && can_unsync(frame))
        unsync(frame);
}

} // namespace hv
