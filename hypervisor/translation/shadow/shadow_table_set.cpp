#include "hypervisor/translation/shadow/shadow_table_set.h"

#include "hypervisor/memory/compare_pages.h"

namespace hv {

ShadowTableSet::ShadowTableSet(const ShadowPool& pool, const FrameTable& frames,
                               StaleTranslations& stale, const ShadowSettings& settings,
                               abi::Statistics& statistics)
    : DisplacedRoots{pool, frames, stale, settings} {
    statistics_ = &statistics;
    statistics.shadow_limit = pool_.count() - 1;
}

ShadowNumber ShadowTableSet::find(const Frame& frame, int level, ShadowView viewer,
                                  TableFormat format) const {
    const ShadowTable::Kind kind{format, static_cast<std::uint8_t>(level),
                                 view_in(frame, level, viewer)};
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next)
        if (pool_.table(number).is(kind))
            return number;
    return 0;
}

// Whoever enters an address space must see its page tables as they are. This includes those that
// are out of step because another address space, which shares them, has changed them: the table
// itself, or any below it.
ShadowNumber ShadowTableSet::find_in_step(const Frame& frame, int level, ShadowView viewer,
                                          TableFormat format) {
    const ShadowNumber number = find(frame, level, viewer, format);
    if (number == 0 || first_unsynced_ == 0) [[likely]]
        return number;
    return sync_below(number) ? number : 0;
}

// The page table is first write-protected, on all vCPUs, and then read: until then another vCPU may
// write to it.
ShadowNumber ShadowTableSet::make(Frame& frame, int level, ShadowView viewer, TableFormat format) {
    if (!reserve(1) || !lock(frame))
        return 0;
    const ShadowNumber number = take();
    add_work(shadow_slots);
    ShadowTable& table = pool_.table(number);
    table.frame = frames_.number(frame);
    table.level = static_cast<std::uint8_t>(level);
    table.view = view_in(frame, level, viewer);
    table.format = format;
    if (format.mode != PagingMode::four_level)
        table.flags = shadow_flags::legacy;
    table.next = frame.first_shadow;
    frame.first_shadow = number;
    if (level == 1 || table.next != 0)
        mark_leaf_shadow(frame);
    if ((frame.flags & frame_flags::reclaimed) != 0) {
        frame.flags &= static_cast<std::uint8_t>(~frame_flags::reclaimed);
        ++statistics_->shadow_rebuilt;
    }
    stale_->wait_for_others();
    if (format.mode == PagingMode::four_level)
        fill_from_guest(number);
    else
        fill_legacy_from_guest(number);
    return number;
}

// All entries of a table of level 1 are filled, so that neighbours of a page that faulted need no
// fault of their own. Above level 1 an entry is filled only if it leads to a page table that has a
// shadow table already.
void ShadowTableSet::fill_from_guest(ShadowNumber number) {
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t guest_table = table.frame * page_size;
    for (std::uint32_t slot = first_nonzero(guest_table, 0); slot < shadow_slots;
         slot = first_nonzero(guest_table, slot + 1)) {
        fill_slot(number, slot,
                  direct_word<std::uint64_t>(guest_table + slot * sizeof(std::uint64_t)));
    }
}

void ShadowTableSet::fill_legacy_from_guest(ShadowNumber number) {
    for (std::uint32_t slot = 0; slot < shadow_slots; ++slot)
        fill_slot(number, slot, read_guest(pool_.table(number), slot));
}

// For the guest's entry `guest`.
[[gnu::always_inline]] inline void
ShadowTableSet::fill_slot(ShadowNumber number, std::uint32_t slot, std::uint64_t guest) {
    if ((guest & shadow_bits::usable) != shadow_bits::usable)
        return;
    const ShadowTable& table = pool_.table(number);
    const EntryNumber entry = number * shadow_slots + slot;
    if (table.level == 1)
        return replace_leaf(entry, leaf_entry(guest, table.view));
    const Frame* frame = frames_.of_address(guest & paging::address_mask);
    if (frame == nullptr || !leads_to_table(guest, table.level))
        return;
    if (table.view == shared_view && (frame->flags & frame_flags::per_vcpu) != 0)
        return;
    if (const ShadowNumber child = find_in_step(*frame, table.level - 1, table.view,
                                                table.format.below(table.level, slot));
        child != 0)
        replace_link(entry, table_entry(child, guest, table.level));
}

bool ShadowTableSet::is_per_vcpu(std::uint64_t frame, std::uint64_t count) const {
    const PhysicalRange range{frame * page_size, (frame + count) * page_size};
    for (const MonitorPages& pages : settings_.monitor_pages)
        if (pages.stride != 0 && pages.guest.overlaps(range))
            return true;
    return false;
}

// Shadow tables that vCPUs have shared are given up: each vCPU makes its own when it needs it.
bool ShadowTableSet::make_per_vcpu(Frame& frame) {
    if ((frame.flags & frame_flags::per_vcpu) != 0)
        return true;
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        if (pool_.table(number).view == shared_view && release(number) == Release::unfinished)
            return false;
    }
    frame.flags |= frame_flags::per_vcpu;
    return true;
}

// The tables that lead to the per-vCPU area are each vCPU's own, up to the root.
bool ShadowTableSet::separate_views(const PageWalk& walk, int top) {
    const std::uint64_t entry = walk.step[static_cast<std::size_t>(walk.level)].entry;
    const std::uint64_t size = std::uint64_t{1} << FourLevelPaging::shift(walk.level);
    bool own =
        is_per_vcpu(FourLevelPaging::page_address(entry, walk.level) / page_size, size / page_size);
    for (int level = walk.level; level < top; ++level) {
        Frame& table = *frames_.of_address(walk.step[static_cast<std::size_t>(level)].address);
        own = own || (table.flags & frame_flags::per_vcpu) != 0;
        if (own && !make_per_vcpu(table))
            return false;
    }
    return true;
}

void ShadowTableSet::prepare(Frame& frame) {
    if (!is_work_spent() && find(frame, frame.level, viewer_) == 0)
        (void)make(frame, frame.level, viewer_);
}

ShadowNumber ShadowTableSet::find_or_make_direct(std::uint64_t frame, int level,
                                                 std::uint16_t attributes, ShadowView view) {
    ShadowNumber& bucket = bucket_of(frame, level);
    for (ShadowNumber number = bucket; number != 0; number = pool_.table(number).next) {
        const ShadowTable& table = pool_.table(number);
        if (table.frame == frame && table.level == level && table.attributes == attributes &&
            table.view == view)
            return number;
    }
    const ShadowNumber number = take();
    ShadowTable& table = pool_.table(number);
    table.frame = frame;
    table.level = static_cast<std::uint8_t>(level);
    table.flags = shadow_flags::direct;
    table.attributes = attributes;
    table.view = view;
    table.next = bucket;
    bucket = number;
    if (level == 1)
        for (std::uint32_t slot = 0; slot < shadow_slots; ++slot)
            replace_leaf(number * shadow_slots + slot, direct_leaf(frame + slot, attributes, view));
    return number;
}

bool ShadowTableSet::unsync(Frame& frame) {
    const ShadowTable& first = pool_.table(frame.first_shadow);
    if (first.parents == 0 || first.level != 1)
        return drop(frame); // it is no longer a page table
    const auto for_each_of = [&](void (ShadowTableSet::*change)(ShadowNumber)) {
        for (ShadowNumber number = frame.first_shadow; number != 0;
             number = pool_.table(number).next)
            (this->*change)(number);
    };
    // One table, or the two halves of a page table of 32-bit paging, one of which may have been
    // out of step before.
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next) {
        if ((pool_.table(number).flags & shadow_flags::unsynced) != 0)
            continue;
        if (unsynced_ == max_unsynced) {
            ShadowNumber oldest = first_unsynced_;
            while (pool_.table(oldest).next_unsynced != 0)
                oldest = pool_.table(oldest).next_unsynced;
            const bool is_half_of_it = pool_.table(oldest).frame == pool_.table(number).frame;
            if (release(oldest) == Release::unfinished || is_half_of_it)
                return false;
        }
        for_each_of(&ShadowTableSet::pin);
        const bool has_room = reserve(1);
        for_each_of(&ShadowTableSet::unpin);
        if (!has_room)
            return false;
        add_unsynced(number, take());
        unlock(frame);
    }
    mark_leaf_shadow(frame);
    return true;
}

} // namespace hv
