#include "hypervisor/translation/shadow/shadow_entries.h"

#include <algorithm>

namespace hv {

namespace {

using shadow_bits::usable;
using shadow_bits::writable_and_dirty;

constexpr std::uint64_t frame_of(std::uint64_t entry) {
    return (entry & paging::address_mask) / page_size;
}

} // namespace

ShadowEntries::ShadowEntries(const ShadowPool& pool, const FrameTable& frames,
                             StaleTranslations& stale, const ShadowSettings& settings)
    : pool_{pool}, frames_{frames}, settings_{settings},
      reserved_in_leaf_{FourLevelPaging::reserved(0, 1, settings.features)}, stale_{&stale} {}

// This finds the monitor's pages, devices, or nothing.
ShadowEntries::HostPage ShadowEntries::host_page(std::uint64_t frame, ShadowView view) const {
    const std::uint64_t gpa = frame * page_size;
    for (const MonitorPages& pages : settings_.monitor_pages) {
        if (!pages.guest.contains(gpa, page_size))
            continue;
        // A table that all vCPUs share must not lead to one vCPU's page.
        const bool own = pages.stride != 0;
        const std::uint64_t of_vcpu = own && view != shared_view ? (view - 1U) * pages.stride : 0;
        return {.physical = pages.physical + of_vcpu + (gpa - pages.guest.begin),
                .forced = pages.executable ? 0 : paging::execute_disable,
                .writable = pages.writable,
                .there = !own || view != shared_view};
    }
    const bool there = gpa < settings_.memory_end && !settings_.monitor.contains(gpa, page_size);
    const auto& read_only = settings_.read_only_pages;
    const bool writable = (local_apic_writable_ || gpa != local_apic_base) &&
                          std::find(read_only.begin(), read_only.end(), gpa) == read_only.end();
    return {.physical = gpa, .forced = 0, .writable = writable, .there = there};
}

std::uint64_t ShadowEntries::leaf_entry(std::uint64_t guest, ShadowView view) const {
    if ((guest & usable) != usable || (guest & reserved_in_leaf_) != 0)
        return 0;
    const Frame* const page = frames_.find(frame_of(guest));
    if (page == nullptr)
        return leaf_entry_of_other(guest, view);
    return can_displace() ? tracked_leaf(guest, *page) : ram_leaf(guest, *page);
}

// For a page that is not the guest's RAM.
std::uint64_t ShadowEntries::leaf_entry_of_other(std::uint64_t guest, ShadowView view) const {
    const HostPage page = host_page(frame_of(guest), view);
    if (!page.there)
        return 0;
    const bool may_write = (guest & writable_and_dirty) == writable_and_dirty && page.writable;
    return (guest & shadow_bits::copied_to_leaf & ~paging::address_mask) | page.physical |
           page.forced | (may_write ? writable_and_dirty : 0);
}

std::uint64_t ShadowEntries::direct_leaf(std::uint64_t frame, std::uint16_t attributes,
                                         ShadowView view) const {
    return leaf_entry(frame * page_size | usable | writable_and_dirty | paging::user | attributes,
                      view);
}

std::uint64_t ShadowEntries::table_entry(ShadowNumber child, std::uint64_t guest, int level) const {
    const bool large = FourLevelPaging::maps_page(guest, level);
    const bool may_write =
        (guest & paging::writable) != 0 && (!large || (guest & paging::dirty) != 0);
    return pool_.address(child) | usable | (guest & (paging::user | paging::execute_disable)) |
           (may_write ? paging::writable : 0);
}

std::uint64_t ShadowEntries::read_legacy(const ShadowTable& table, std::uint32_t slot) const {
    if ((table.flags & shadow_flags::pointers) != 0)
        return pool_.entry(table.copy * shadow_slots + slot);
    const std::uint64_t page = table.frame * page_size;
    if (table.format.mode == PagingMode::pae)
        return from_pae_entry(direct_word<std::uint64_t>(page + slot * sizeof(std::uint64_t)));
    const std::uint32_t index = index_of_small_entry(slot, table.level, table.format.part);
    return widen_entry(direct_word<std::uint32_t>(page + index * sizeof(std::uint32_t)),
                       table.level, slot, settings_.features.large_pages);
}

SlotRange ShadowEntries::slots_at(const ShadowTable& table, std::uint64_t gpa) {
    const auto index = static_cast<std::uint32_t>(gpa % page_size / sizeof(std::uint64_t));
    if (table.format.mode != PagingMode::two_level)
        return {index, 1};
    SlotRange slots = slots_of_small_entry(2 * index, table.level, table.format.part);
    slots.count *= 2; // both entries of the 8 bytes belong to the same part
    return slots;
}

// Rights that are only added need no invalidation (StaleTranslations, rule 1). Setting U/S takes a
// right away, too: under SMEP and SMAP the kernel loses what the user gains.
void ShadowEntries::note_lost(std::uint64_t old, std::uint64_t value, Stale what) {
    note_change();
    if ((old & paging::present) == 0)
        return;
    const std::uint64_t lost = (old & ~value & shadow_bits::lost_when_cleared) |
                               (value & ~old & paging::execute_disable) |
                               ((old ^ value) & shadow_bits::lost_when_changed);
    if (lost != 0)
        stale_->taken_by_guest(what);
}

void ShadowEntries::replace_leaf(EntryNumber number, std::uint64_t value) {
    volatile std::uint64_t& entry = pool_.entry(number);
    const std::uint64_t old = entry;
    if (old == value)
        return;
    entry = value;
    note_lost(old, value, (old & paging::global) != 0 ? Stale::all : Stale::non_global);
    if ((old & shadow_bits::listed) != 0)
        pool_.unlink(mapped_page(old).mappings, number);
    if ((value & shadow_bits::listed) != 0)
        pool_.link(mapped_page(value).mappings, number);
}

void ShadowEntries::replace_link(EntryNumber number, std::uint64_t value) {
    volatile std::uint64_t& entry = pool_.entry(number);
    const std::uint64_t old = entry;
    if (old == value)
        return;
    entry = value;
    // Everything below it may be cached, global translations included.
    note_lost(old, value, Stale::all);
    if ((old & paging::present) != 0)
        pool_.unlink(pool_.table(pool_.at(old & paging::address_mask)).parents, number);
    if ((value & paging::present) != 0) {
        pool_.link(pool_.table(pool_.at(value & paging::address_mask)).parents, number);
        linked_ = true;
    }
}

ShadowNumber ShadowEntries::child_of(EntryNumber number) const {
    const std::uint64_t entry = pool_.entry(number);
    return (entry & paging::present) != 0 ? pool_.at(entry & paging::address_mask) : 0;
}

void ShadowEntries::mark_leaf_shadow(Frame& frame) {
    bool one = frame.first_shadow != 0;
    if (one) {
        const ShadowTable& table = pool_.table(frame.first_shadow);
        one = table.next == 0 && table.level == 1 && table.flags == 0;
    }
    const auto flag = frame_flags::one_leaf_shadow;
    frame.flags = static_cast<std::uint8_t>(one ? frame.flags | flag : frame.flags & ~flag);
}

std::uint32_t ShadowEntries::locks_of(const Frame& frame) const {
    std::uint32_t locks = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next)
        if ((pool_.table(number).flags & shadow_flags::unsynced) == 0)
            ++locks;
    return locks;
}

// A translation that was left to the guest may still lead to the page although its entry is in no
// list any longer (StaleTranslations, rule 5).
bool ShadowEntries::lock(Frame& frame) {
    if (frame.write_locks != 0) {
        ++frame.write_locks;
        return true;
    }
    EntryNumber number = frame.mappings;
    if (number != 0 || stale_->is_any_left())
        stale_->taken_by_monitor();
    for (std::uint32_t left = max_mappings; number != 0; number = pool_.next(number)) {
        if (left-- == 0) [[unlikely]] {
            shorten_mappings(frame);
            return false;
        }
        pool_.entry(number) = pool_.entry(number) & ~writable_and_dirty;
    }
    frame.write_locks = 1;
    note_change();
    return true;
}

void ShadowEntries::unlock(Frame& frame) {
    if (--frame.write_locks != 0)
        return;
    std::uint32_t left = max_mappings;
    for (EntryNumber number = frame.mappings; number != 0; number = pool_.next(number)) {
        if (left-- == 0) [[unlikely]] {
            frame.flags |= frame_flags::partly_writable;
            return;
        }
        if (const std::uint64_t entry = pool_.entry(number); (entry & shadow_bits::read_only) == 0)
            pool_.entry(number) = entry | writable_and_dirty;
    }
}

bool ShadowEntries::has_many_mappings(const Frame& frame) const {
    std::uint32_t left = max_mappings;
    for (EntryNumber number = frame.mappings; number != 0; number = pool_.next(number))
        if (left-- == 0)
            return true;
    return false;
}

// A fault makes each of them again.
void ShadowEntries::shorten_mappings(Frame& frame) {
    frame.flags |= frame_flags::partly_writable;
    stale_->taken_by_monitor();
    for (; frame.mappings != 0 && !is_work_spent(); add_work(1))
        replace_leaf(frame.mappings, 0);
}

} // namespace hv
