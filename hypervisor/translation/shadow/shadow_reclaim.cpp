// Giving up shadow tables (shadow_table_set.h).

#include "hypervisor/host/console.h"
#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/translation/shadow/shadow_table_set.h"

namespace hv {

ShadowNumber ShadowTableSet::take() {
    const ShadowNumber number = pool_.take_free();
    if (number == 0) [[unlikely]]
        console::fail("no shadow table was reserved");
    // Another vCPU may still use its entries as those of the table that it was.
    stale_->wait_for_others();
    ++statistics_->shadow_built;
    statistics_->shadow_in_use = pool_.count() - 1 - pool_.free();
    return number;
}

// At most the loaded and the published roots, a table that is being changed, and a copy for each
// table out of step (max_unsynced) are pinned. The pool is larger than that (min_shadow_tables_of),
// so something can always be reclaimed.
bool ShadowTableSet::reclaim(std::uint32_t count) {
    while (pool_.free() < count) {
        if (reclaim_one())
            continue;
        if (!is_work_spent()) [[unlikely]]
            console::fail("no shadow table can be reclaimed");
        return false;
    }
    return true;
}

// The tables are reclaimed in the order in which they were made. Those that are pinned are skipped,
// and those to which so many entries lead that this could not be finished.
bool ShadowTableSet::reclaim_one() {
    for (std::uint32_t tried = 0; tried < pool_.count(); ++tried) {
        hand_ = hand_ + 1 < pool_.count() ? hand_ + 1 : 1;
        const ShadowTable& table = pool_.table(hand_);
        if (is_work_spent())
            return false;
        if (table.level == 0 || table.pins != 0)
            continue;
        Frame* const frame =
            (table.flags & shadow_flags::direct) == 0 ? frames_.find(table.frame) : nullptr;
        if (release(hand_) != Release::done)
            continue;
        if (frame != nullptr)
            frame->flags |= frame_flags::reclaimed;
        ++statistics_->shadow_reclaimed;
        return true;
    }
    return false;
}

// The memory of a table will become another table.
bool ShadowTableSet::unlink_parents(const ShadowTable& table) {
    if (table.parents == 0)
        return true;
    stale_->taken_by_monitor();
    std::uint32_t left = max_parents;
    for (; table.parents != 0 && left != 0; --left)
        replace_link(table.parents, 0);
    add_work(max_parents - left);
    return table.parents == 0;
}

// What the entries map is no longer in any list.
void ShadowTableSet::clear_entries(ShadowNumber number) {
    const std::uint64_t page = pool_.address(number);
    std::uint32_t slot = first_nonzero(page, 0);
    if (slot == shadow_slots)
        return;
    stale_->taken_by_monitor();
    std::uint32_t cleared = 0;
    for (; slot < shadow_slots; slot = first_nonzero(page, slot + 1)) {
        replace(number * shadow_slots + slot, 0);
        ++cleared;
    }
    add_work(cleared);
}

ShadowTableSet::Release ShadowTableSet::release(ShadowNumber number) {
    ShadowTable& table = pool_.table(number);
    if (table.level == FourLevelPaging::levels) {
        RootCache& cache = *root_caches_[table.view - 1U];
        const SpinGuard guard{cache.lock};
        if (__atomic_load_n(&table.pins, __ATOMIC_RELAXED) != 0)
            return Release::pinned;
        cache.forget(table.frame * page_size);
        table.loads = 0;
    }
    if (!unlink_parents(table))
        return Release::unfinished;
    clear_entries(number);
    Frame* const frame =
        (table.flags & shadow_flags::direct) != 0 ? nullptr : frames_.find(table.frame);
    ShadowNumber* link =
        frame != nullptr ? &frame->first_shadow : &bucket_of(table.frame, table.level);
    while (*link != number)
        link = &pool_.table(*link).next;
    *link = table.next;
    if ((table.flags & shadow_flags::unsynced) != 0)
        forget_unsynced(number);
    else if (frame != nullptr)
        unlock(*frame);
    if (frame != nullptr)
        mark_leaf_shadow(*frame);
    if (frame != nullptr && frame->first_shadow == 0)
        frame->flags &= static_cast<std::uint8_t>(~frame_flags::per_vcpu);
    pool_.put_free(number);
    statistics_->shadow_in_use = pool_.count() - 1 - pool_.free();
    return Release::done;
}

bool ShadowTableSet::drop(Frame& frame) {
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        if (is_work_spent() || release(number) == Release::unfinished)
            return false;
    }
    return true;
}

bool ShadowTableSet::drop_unsynced(Frame& frame) {
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        if ((pool_.table(number).flags & shadow_flags::unsynced) != 0 &&
            (is_work_spent() || release(number) == Release::unfinished))
            return false;
    }
    return true;
}

bool ShadowTableSet::drop_all() {
    stale_->taken_by_monitor();
    for (ShadowNumber number = 1; number < pool_.count(); ++number) {
        const ShadowTable& table = pool_.table(number);
        if (table.level == 0)
            continue;
        if (is_work_spent())
            return false;
        const Release end = table.pins == 0 ? release(number) : Release::pinned;
        if (end == Release::unfinished)
            return false;
        if (end == Release::pinned)
            clear_entries(number);
    }
    return true;
}

void ShadowTableSet::set_features(const PagingFeatures& features) {
    settings_.features = features;
    reserved_in_leaf_ = FourLevelPaging::reserved(0, 1, features);
    drop_all_at_once();
}

void ShadowTableSet::set_local_apic_writable(bool writable) {
    if (std::exchange(local_apic_writable_, writable) != writable)
        drop_all_at_once();
}

void ShadowTableSet::drop_all_at_once() {
    while (!drop_all())
        renew_work();
}

} // namespace hv
