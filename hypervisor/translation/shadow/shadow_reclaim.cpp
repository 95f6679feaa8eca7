// Giving up shadow tables (shadow_table_set.h).

#include "hypervisor/host/console.h"
#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/translation/shadow/shadow_table_set.h"

namespace hv {

namespace {

/// How many tables one fault may make: three for page tables, and two direct ones.
constexpr std::uint32_t tables_for_walk = 5;

} // namespace

// At most the loaded and the published roots, a table that is being changed, and a copy for each
// table out of step (max_unsynced) are pinned. The pool is larger than that (min_shadow_tables_of),
// so something can always be reclaimed.
ShadowNumber ShadowTableSet::take() {
    ShadowNumber number = pool_.take_free();
    while (number == 0 && reclaim_one())
        number = pool_.take_free();
    if (number == 0) [[unlikely]]
        console::fail("no shadow table can be reclaimed");
    // Another vCPU may still use its entries as those of the table that it was.
    stale_->wait_for_others();
    ++statistics_->shadow_built;
    statistics_->shadow_in_use = pool_.count() - 1 - pool_.free();
    return number;
}

void ShadowTableSet::reserve_for_walk() {
    while (pool_.free() < tables_for_walk && reclaim_one()) {
    }
}

// The tables are reclaimed in the order in which they were made, except that pinned ones are
// skipped.
bool ShadowTableSet::reclaim_one() {
    for (std::uint32_t tried = 0; tried < pool_.count(); ++tried) {
        hand_ = hand_ + 1 < pool_.count() ? hand_ + 1 : 1;
        const ShadowTable& table = pool_.table(hand_);
        if (table.level == 0 || table.pins != 0)
            continue;
        Frame* const frame =
            (table.flags & shadow_flags::direct) == 0 ? frames_.find(table.frame) : nullptr;
        if (!release(hand_))
            continue;
        if (frame != nullptr)
            frame->flags |= frame_flags::reclaimed;
        ++statistics_->shadow_reclaimed;
        return true;
    }
    return false;
}

bool ShadowTableSet::release(ShadowNumber number) {
    ShadowTable& table = pool_.table(number);
    if (table.level == FourLevelPaging::levels) {
        RootCache& cache = *root_caches_[table.view - 1U];
        const SpinGuard guard{cache.lock};
        if (__atomic_load_n(&table.pins, __ATOMIC_RELAXED) != 0)
            return false;
        cache.forget(table.frame * page_size);
        table.loads = 0;
    }
    // Its memory will become another table, and what it mapped is no longer in any list.
    if (table.parents != 0)
        stale_->taken_by_monitor();
    while (table.parents != 0)
        replace(table.parents, 0);
    const std::uint64_t page = pool_.address(number);
    for (std::uint32_t slot = first_nonzero(page, 0); slot < shadow_slots;
         slot = first_nonzero(page, slot + 1)) {
        stale_->taken_by_monitor();
        replace(number * shadow_slots + slot, 0);
    }
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
    return true;
}

void ShadowTableSet::drop(Frame& frame) {
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        (void)release(number);
    }
}

void ShadowTableSet::drop_unsynced(Frame& frame) {
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        if ((pool_.table(number).flags & shadow_flags::unsynced) != 0)
            (void)release(number);
    }
}

void ShadowTableSet::drop_all() {
    for (ShadowNumber number = 1; number < pool_.count(); ++number) {
        ShadowTable& table = pool_.table(number);
        if (table.level == 0)
            continue;
        if (table.pins == 0 && release(number))
            continue;
        // A root in use stays, and is emptied.
        for (std::uint32_t slot = 0; slot < shadow_slots; ++slot)
            if (pool_.entry(number * shadow_slots + slot) != 0)
                replace(number * shadow_slots + slot, 0);
    }
    stale_->taken_by_monitor();
}

void ShadowTableSet::set_features(const PagingFeatures& features) {
    settings_.features = features;
    reserved_in_leaf_ = FourLevelPaging::reserved(0, 1, features);
    drop_all();
}

void ShadowTableSet::set_local_apic_writable(bool writable) {
    if (std::exchange(local_apic_writable_, writable) != writable)
        drop_all();
}

} // namespace hv
