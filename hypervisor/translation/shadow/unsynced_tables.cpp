#include "hypervisor/translation/shadow/unsynced_tables.h"

#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/translation/shadow/unsynced_copy.h"

namespace hv {

namespace {

/// After this many syncs in a row that find no change, a table is write-protected again.
constexpr std::uint8_t unchanged_limit = 3;
/// The work of comparing a page table with its copy, besides that of each difference.
constexpr std::uint32_t work_of_comparison = 16;
/// How many tables of a search are the work of one entry.
constexpr std::uint32_t searched_per_work = 8;

} // namespace

bool UnsyncedTables::can_unsync(const Frame& frame) const {
    if (frame.level != 0 || frame.first_shadow == 0)
        return false;
    const PagingMode mode = pool_.table(frame.first_shadow).format.mode;
    std::uint32_t count = 0;
    bool in_use = false;
    bool is_one_table = true;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next) {
        const ShadowTable& table = pool_.table(number);
        in_use = in_use || table.pins != 0 || table.parents != 0;
        is_one_table = is_one_table && table.level == 1 && table.format.mode == mode;
        ++count;
    }
    if (frame.write_locks != locks_of(frame)) // a descriptor table lies on it as well
        return false;
    const std::uint32_t tables = mode == PagingMode::two_level ? 2 : 1; // a half each
    return !in_use || (is_one_table && count <= tables);
}

void UnsyncedTables::add_unsynced(ShadowNumber number, ShadowNumber copy) {
    ShadowTable& table = pool_.table(number);
    ShadowTable& copy_table = pool_.table(copy);
    copy_table.flags = shadow_flags::copy;
    copy_table.pins = 1;
    // The copy must have the values that the shadow entries were made from, not what the guest may
    // have written since.
    copy_page(pool_.address(copy), table.frame * page_size);
    table.copy = copy;
    table.flags |= shadow_flags::unsynced;
    table.unchanged_syncs = 0;
    table.next_unsynced = first_unsynced_;
    first_unsynced_ = number;
    ++unsynced_;
    linked_ = true;
}

void UnsyncedTables::forget_unsynced(ShadowNumber number) {
    ShadowNumber* link = &first_unsynced_;
    while (*link != number)
        link = &pool_.table(*link).next_unsynced;
    ShadowTable& table = pool_.table(number);
    *link = table.next_unsynced;
    pool_.put_free(table.copy);
    table.copy = 0;
    table.flags &= static_cast<std::uint8_t>(~shadow_flags::unsynced);
    --unsynced_;
}

void UnsyncedTables::sync_slot(ShadowNumber number, std::uint32_t slot) {
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t guest = read_guest(table, slot);
    set_seen_entry(pool_, table, slot, guest);
    replace(number * shadow_slots + slot, leaf_entry(guest, table.view));
}

bool UnsyncedTables::sync_table(ShadowNumber number) {
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t guest = table.frame * page_size;
    const std::uint64_t copy = pool_.address(table.copy);
    const bool is_half = table.format.mode == PagingMode::two_level;
    constexpr std::uint32_t words_of_half = shadow_slots / 2;
    const std::uint32_t first = is_half ? table.format.part * words_of_half : 0;
    const std::uint32_t end = is_half ? first + words_of_half : shadow_slots;
    std::uint32_t changed = 0;
    for (std::uint32_t word = first_difference(guest, copy, first); word < end;
         word = first_difference(guest, copy, word + 1)) {
        const std::uint32_t slot = is_half ? (word - first) * 2 : word;
        sync_slot(number, slot);
        if (is_half)
            sync_slot(number, slot + 1);
        ++changed;
    }
    add_work(work_of_comparison + changed);
    return changed != 0;
}

void UnsyncedTables::sync_address(ShadowNumber root, std::uint64_t linear) {
    ShadowNumber number = root;
    for (int level = pool_.table(root).level; level > 1 && number != 0; --level)
        number = child_of(number * shadow_slots +
                          static_cast<std::uint32_t>(FourLevelPaging::index(linear, level)));
    if (number != 0 && (pool_.table(number).flags & shadow_flags::unsynced) != 0)
        sync_slot(number, static_cast<std::uint32_t>(FourLevelPaging::index(linear, 1)));
}

bool UnsyncedTables::is_below(ShadowNumber number, ShadowNumber root, std::uint32_t& budget) const {
    for (EntryNumber entry = pool_.table(number).parents; entry != 0; entry = pool_.next(entry)) {
        const ShadowNumber parent = entry / shadow_slots;
        if (parent == root || budget == 0)
            return true;
        --budget;
        if (pool_.table(parent).level < pool_.table(root).level && is_below(parent, root, budget))
            return true;
    }
    return false;
}

bool UnsyncedTables::sync_below(ShadowNumber number) {
    if (pool_.table(number).level == 1) {
        if ((pool_.table(number).flags & shadow_flags::unsynced) != 0)
            sync_table(number);
        return true;
    }
    std::uint32_t budget = max_tables_searched;
    for (ShadowNumber below = first_unsynced_; below != 0;
         below = pool_.table(below).next_unsynced) {
        if (is_work_spent())
            return false;
        if (is_below(below, number, budget))
            sync_table(below);
    }
    add_work((max_tables_searched - budget) / searched_per_work);
    return true;
}

bool UnsyncedTables::sync(ShadowNumber root) {
    std::uint32_t budget = max_tables_searched;
    ShadowNumber next = 0;
    for (ShadowNumber number = first_unsynced_; number != 0; number = next) {
        if (is_work_spent())
            return false;
        ShadowTable& table = pool_.table(number);
        next = table.next_unsynced;
        if (root != 0) {
            const std::uint32_t before = budget;
            const bool below = is_below(number, root, budget);
            add_work((before - budget) / searched_per_work);
            if (!below)
                continue;
        }
        if (sync_table(number)) {
            table.unchanged_syncs = 0;
            continue;
        }
        if (++table.unchanged_syncs < unchanged_limit)
            continue;
        // The table is first write-protected. One more comparison finds what was written until
        // then.
        Frame& frame = *frames_.find(table.frame);
        if (!lock(frame))
            continue;
        stale_->wait_for_others();
        sync_table(number);
        forget_unsynced(number);
        mark_leaf_shadow(frame);
    }
    return true;
}

} // namespace hv
