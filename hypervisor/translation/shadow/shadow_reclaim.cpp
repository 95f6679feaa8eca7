// Shadow tables are given up: their memory is bounded, and what is dropped is built again when it
// is needed.

#include "hypervisor/host/console.h"
#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/translation/shadow/shadow_tables.h"

namespace hv {

namespace {

/// Tables that filling for one fault may make: three of the guest's and two direct ones.
constexpr std::uint32_t tables_for_walk = 5;

} // namespace

// Pinned are at most the loaded and the published roots, a table that is being changed, and a copy
// for each unsynced table, of which there are few (max_unsynced). The pool is larger than that
// (min_shadow_tables_of), so something can always be reclaimed.
ShadowNumber ShadowTables::take() {
    ShadowNumber number = pool_.take_free();
    while (number == 0 && reclaim_one())
        number = pool_.take_free();
    if (number == 0) [[unlikely]]
        console::fail("no shadow table can be reclaimed");
    // Another vCPU may still walk it as what it was.
    stale_->wait_for_others();
    ++statistics_->shadow_built;
    statistics_->shadow_in_use = pool_.count() - 1 - pool_.free();
    return number;
}

// So that nothing on the path is reclaimed while the rest of it is made.
void ShadowTables::reserve_for_walk() {
    while (pool_.free() < tables_for_walk && reclaim_one()) {
    }
}

// First in, first out, as far as pins allow.
bool ShadowTables::reclaim_one() {
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

// Nothing leads to it and it leads nowhere afterwards; tables below it stay. False for a root that
// its vCPU has pinned meanwhile.
bool ShadowTables::release(ShadowNumber number) {
    ShadowTable& table = pool_.table(number);
    if (table.level == FourLevelPaging::levels) {
        RootCache& cache = *root_caches_[table.view - 1U];
        const SpinGuard guard{cache.lock};
        if (__atomic_load_n(&table.pins, __ATOMIC_RELAXED) != 0)
            return false;
        cache.forget(table.frame * page_size);
        table.loads = 0;
    }
    // Its memory will be another table, and what it mapped is in no list of writable entries.
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
    const std::uint32_t shift = table.level == 1 ? 9 : 18;
    ShadowNumber* link =
        frame != nullptr ? &frame->first_shadow : &direct_[(table.frame >> shift) % direct_.size()];
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

void ShadowTables::drop(Frame& frame) {
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        (void)release(number);
    }
}

void ShadowTables::drop_unsynced(Frame& frame) {
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        if ((pool_.table(number).flags & shadow_flags::unsynced) != 0)
            (void)release(number);
    }
}

std::uint32_t ShadowTables::locks_of(const Frame& frame) const {
    std::uint32_t locks = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next)
        if ((pool_.table(number).flags & shadow_flags::unsynced) == 0)
            ++locks;
    return locks;
}

void ShadowTables::drop_all() {
    for (ShadowNumber number = 1; number < pool_.count(); ++number) {
        ShadowTable& table = pool_.table(number);
        if (table.level == 0)
            continue;
        if (table.pins == 0 && release(number))
            continue;
        // A root in use stays, empty.
        for (std::uint32_t slot = 0; slot < shadow_slots; ++slot)
            if (pool_.entry(number * shadow_slots + slot) != 0)
                replace(number * shadow_slots + slot, 0);
    }
    stale_->taken_by_monitor();
}

} // namespace hv
