#include "hypervisor/translation/shadow/unaware/guesses.h"

#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/translation/shadow/unaware/unaware.h"

namespace hv {

namespace {

constexpr std::uint64_t first_kernel_address = std::uint64_t{1} << 47;
constexpr std::uint64_t first_kernel_address_32 = 0xC0000000;
constexpr std::uint32_t first_kernel_slot = shadow_slots / 2;

} // namespace

// A page that was never used has its accessed bit clear, so its first use would fault. A processor
// may use entries ahead of the code (SDM vol. 3, 4.10.2.3) and set their accessed bits, but never
// dirty bits. In a table out of step only entries that have not changed since are used.
void Guesses::use_neighbours(ShadowNumber number, std::uint32_t slot) {
    const ShadowTable& table = pool_.table(number);
    if (table.format.mode == PagingMode::two_level)
        return;
    const bool unsynced = (table.flags & shadow_flags::unsynced) != 0;
    const std::uint32_t first = slot - slot % unaware::neighbours;
    for (std::uint32_t next = first; next < first + unaware::neighbours; ++next) {
        std::uint64_t guest = read_guest(table, next);
        if ((guest & shadow_bits::usable) != paging::present || (guest & reserved_in_leaf_) != 0 ||
            frames_.of_address(guest & paging::address_mask) == nullptr)
            continue;
        if (unsynced && pool_.entry(table.copy * shadow_slots + next) != guest)
            continue;
        const std::uint64_t used = guest | paging::accessed;
        // This fails if another vCPU has changed the entry meanwhile.
        if (!__atomic_compare_exchange_n(
                reinterpret_cast<std::uint64_t*>(direct_pointer(table.frame * page_size)) + next,
                &guest, used, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            continue;
        if (unsynced)
            pool_.entry(table.copy * shadow_slots + next) = used;
        replace(number * shadow_slots + next, leaf_entry(used, table.view));
    }
}

// Whether exactly one path leads to the table, from the user half of one root.
bool Guesses::only_child_of_user_root(ShadowNumber number) const {
    const EntryNumber parent = pool_.table(number).parents;
    if (parent == 0 || pool_.next(parent) != 0 || pool_.table(number).pins != 0)
        return false;
    const ShadowNumber above = parent / shadow_slots;
    if (pool_.table(above).level == FourLevelPaging::levels)
        return parent % shadow_slots < first_kernel_slot;
    return only_child_of_user_root(above);
}

// Gives up the shadow tables, of all levels below, to which only the first `slots` entries of this
// table lead.
void Guesses::release_below(ShadowNumber number, std::uint32_t slots) {
    const std::uint64_t page = pool_.address(number);
    for (std::uint32_t slot = first_nonzero(page, 0); slot < slots;
         slot = first_nonzero(page, slot + 1)) {
        if (is_work_spent())
            return;
        const EntryNumber entry = number * shadow_slots + slot;
        const ShadowNumber child = child_of(entry);
        const ShadowTable& table = pool_.table(child);
        if ((table.flags & shadow_flags::direct) != 0 || table.pins != 0 ||
            table.parents != entry || pool_.next(entry) != 0)
            continue;
        if (table.level > 1)
            release_below(child, shadow_slots);
        (void)release(child);
    }
}

// Most likely a process ends, and the kernel is about to clear all entries, one by one and level by
// level. So all page tables below the root become ordinary memory at once. If one of them is used
// after all, its shadow table is built again. The guess was then wrong for this root: the next
// time, only the shadow table of the unlinked page table is given up, and those above it that lead
// nowhere else.
void Guesses::expect_end(ShadowNumber number) {
    if (pool_.table(number).level == FourLevelPaging::levels || !only_child_of_user_root(number))
        return;
    ShadowNumber root = number;
    while (pool_.table(root).level < FourLevelPaging::levels)
        root = pool_.table(root).parents / shadow_slots;
    if ((pool_.table(root).flags & shadow_flags::emptied) == 0) {
        release_below(root, first_kernel_slot);
        if (!is_work_spent())
            pool_.table(root).flags |= shadow_flags::emptied;
        return;
    }
    while (!is_work_spent() && pool_.table(number).level < FourLevelPaging::levels &&
           only_child_of_user_root(number)) {
        const ShadowNumber above = pool_.table(number).parents / shadow_slots;
        release_below(number, shadow_slots);
        (void)release(number);
        if (first_nonzero(pool_.address(above), 0) != shadow_slots)
            return; // it leads to other tables as well
        number = above;
    }
}

// A page table that has just come into use will most likely be changed soon, by faults of a new
// process or at its end, so the first store to it should not exit. If no store comes, the table is
// write-protected like others. Half of the places for tables out of step are left for tables that
// have been written to.
void Guesses::expect_stores(Frame& frame, std::uint64_t linear) {
    const bool is_legacy = frame.first_shadow != 0 &&
                           pool_.table(frame.first_shadow).format.mode != PagingMode::four_level;
    const std::uint64_t end = is_legacy ? first_kernel_address_32 : first_kernel_address;
    if (linear >= end || unsynced_ >= max_unsynced / 2 || !can_unsync(frame) || !unsync(frame))
        return;
    // A kernel with the ROM must be told that invalidations have something to do again.
    if (!can_displace())
        stale_->taken_by_guest(Stale::non_global);
}

} // namespace hv
