// Entries of shadow tables, and how they follow the guest's.

#include "hypervisor/translation/shadow/shadow_tables.h"

namespace hv {

namespace {

using shadow_bits::usable;
using shadow_bits::writable_and_dirty;

constexpr std::uint64_t frame_of(std::uint64_t entry) {
    return (entry & paging::address_mask) / page_size;
}

} // namespace

ShadowTables::ShadowTables(const ShadowPool& pool, const FrameTable& frames,
                           const GuestMemory& memory, StaleTranslations& stale,
                           const ShadowSettings& settings, abi::Statistics& statistics)
    : pool_{pool}, frames_{frames}, memory_{&memory}, settings_{settings},
      reserved_in_leaf_{FourLevelPaging::reserved(0, 1, settings.features)},
      statistics_{&statistics}, stale_{&stale} {
    statistics.shadow_limit = pool_.count() - 1;
}

void ShadowTables::set_features(const PagingFeatures& features) {
    settings_.features = features;
    reserved_in_leaf_ = FourLevelPaging::reserved(0, 1, features);
    drop_all();
}

void ShadowTables::set_local_apic_writable(bool writable) {
    if (std::exchange(local_apic_writable_, writable) != writable)
        drop_all();
}

// Where a frame that is not the guest's RAM lies: the monitor's pages, devices, or nowhere.
ShadowTables::HostPage ShadowTables::host_page(std::uint64_t frame, ShadowView view) const {
    const std::uint64_t gpa = frame * page_size;
    for (const MonitorPages& pages : settings_.monitor_pages) {
        if (!pages.guest.contains(gpa, page_size))
            continue;
        // In a table that all vCPUs share it must not be.
        const bool own = pages.stride != 0;
        const std::uint64_t of_vcpu = own && view != shared_view ? (view - 1U) * pages.stride : 0;
        return {.physical = pages.physical + of_vcpu + (gpa - pages.guest.begin),
                .forced = pages.executable ? 0 : paging::execute_disable,
                .writable = pages.writable,
                .there = !own || view != shared_view};
    }
    const bool there = gpa < settings_.memory_end && !settings_.monitor.contains(gpa, page_size);
    const bool writable = local_apic_writable_ || gpa != local_apic_base;
    return {.physical = gpa, .forced = 0, .writable = writable, .there = there};
}

// The shadow of a guest's entry that maps a 4 KiB page; 0 when the processor must not use it yet.
std::uint64_t ShadowTables::leaf_entry(std::uint64_t guest, ShadowView view) const {
    if ((guest & usable) != usable || (guest & reserved_in_leaf_) != 0)
        return 0;
    const Frame* const page = frames_.find(frame_of(guest));
    if (page == nullptr)
        return leaf_entry_of_other(guest, view);
    return can_displace() ? tracked_leaf(guest, *page) : ram_leaf(guest, *page);
}

// A page that is not the guest's RAM.
std::uint64_t ShadowTables::leaf_entry_of_other(std::uint64_t guest, ShadowView view) const {
    const HostPage page = host_page(frame_of(guest), view);
    if (!page.there)
        return 0;
    const bool may_write = (guest & writable_and_dirty) == writable_and_dirty && page.writable;
    return (guest & shadow_bits::copied_to_leaf & ~paging::address_mask) | page.physical |
           page.forced | (may_write ? writable_and_dirty : 0);
}

// Of a direct table: the entry for one 4 KiB page of a large page, whose rights are its parent's.
std::uint64_t ShadowTables::direct_leaf(std::uint64_t frame, std::uint16_t attributes,
                                        ShadowView view) const {
    return leaf_entry(frame * page_size | usable | writable_and_dirty | paging::user | attributes,
                      view);
}

// The shadow of an entry that leads to a table, or that maps a large page through a direct table.
std::uint64_t ShadowTables::table_entry(ShadowNumber child, std::uint64_t guest, int level) const {
    const bool large = FourLevelPaging::maps_page(guest, level);
    const bool may_write =
        (guest & paging::writable) != 0 && (!large || (guest & paging::dirty) != 0);
    return pool_.address(child) | usable | (guest & (paging::user | paging::execute_disable)) |
           (may_write ? paging::writable : 0);
}

// U/S takes from the kernel what it gives to the user, under SMEP and SMAP.
void ShadowTables::note_lost(std::uint64_t old, std::uint64_t value, Stale what) {
    note_change();
    if ((old & paging::present) == 0)
        return;
    const std::uint64_t lost = (old & ~value & shadow_bits::lost_when_cleared) |
                               (value & ~old & paging::execute_disable) |
                               ((old ^ value) & shadow_bits::lost_when_changed);
    if (lost != 0)
        stale_->taken_by_guest(what);
}

void ShadowTables::replace_leaf(EntryNumber number, std::uint64_t value) {
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

void ShadowTables::replace_link(EntryNumber number, std::uint64_t value) {
    volatile std::uint64_t& entry = pool_.entry(number);
    const std::uint64_t old = entry;
    if (old == value)
        return;
    entry = value;
    // Whatever is below it may be cached, global translations too.
    note_lost(old, value, Stale::all);
    if ((old & paging::present) != 0)
        pool_.unlink(pool_.table(pool_.at(old & paging::address_mask)).parents, number);
    if ((value & paging::present) != 0) {
        pool_.link(pool_.table(pool_.at(value & paging::address_mask)).parents, number);
        linked_ = true;
    }
}

ShadowNumber ShadowTables::child_of(EntryNumber number) const {
    const std::uint64_t entry = pool_.entry(number);
    return (entry & paging::present) != 0 ? pool_.at(entry & paging::address_mask) : 0;
}

// The guest's entry above level 1 is `value` now.
void ShadowTables::change_table_entry(EntryNumber number, int level, std::uint64_t value) {
    const ShadowNumber old = level == 2 ? child_or_aside(number) : child_of(number);
    ShadowNumber child = 0;
    // A large page is left to the next fault.
    if (leads_to_table(value, level)) {
        // A table that all vCPUs share leads to none that is one vCPU's: a fault separates them.
        const ShadowView viewer = pool_.table(number / shadow_slots).view;
        Frame* const frame = frames_.find(frame_of(value));
        const bool may_lead = frame != nullptr && (viewer != shared_view ||
                                                   (frame->flags & frame_flags::per_vcpu) == 0);
        if (may_lead) {
            child = find_in_step(*frame, level - 1, viewer);
            if (child == 0 && frame->level == level - 1) {
                pin(number / shadow_slots);
                pin(old); // table 0 is never used
                child = make(*frame, level - 1, viewer);
                unpin(old);
                unpin(number / shadow_slots);
            }
        }
    }
    replace(number, child != 0 ? table_entry(child, value, level) : 0);
    if (old == 0 || old == child)
        return;
    // What the guest took out of its tables is most likely no table any more.
    const ShadowTable& orphan = pool_.table(old);
    const Frame* frame = frames_.find(orphan.frame);
    if (orphan.parents == 0 && orphan.pins == 0 && (frame == nullptr || frame->level == 0))
        (void)release(old);
}

void ShadowTables::entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value) {
    const auto slot = static_cast<std::uint32_t>(gpa % page_size / sizeof(value));
    const ShadowNumber first = frame.first_shadow;
    if (first == 0)
        return;
    const ShadowTable& table = pool_.table(first);
    if (table.level == 1 && table.next == 0) [[likely]] {
        if ((table.flags & shadow_flags::unsynced) != 0) [[unlikely]]
            pool_.entry(table.copy * shadow_slots + slot) = value;
        return replace(first * shadow_slots + slot, leaf_entry(value, table.view));
    }
    // A change of one level may release the shadow of another, where a table leads to itself.
    std::array<ShadowNumber, std::size_t{FourLevelPaging::levels} * (abi::max_vcpus + 1)> shadows{};
    std::uint32_t count = 0;
    for (ShadowNumber number = first; number != 0; number = pool_.table(number).next)
        shadows[count++] = number;
    const std::uint64_t number_of_frame = frames_.number(frame);
    for (std::uint32_t index = 0; index < count; ++index) {
        const ShadowTable& shadow = pool_.table(shadows[index]);
        if (shadow.level == 0 || shadow.frame != number_of_frame ||
            (shadow.flags & shadow_flags::direct) != 0)
            continue;
        const EntryNumber entry = shadows[index] * shadow_slots + slot;
        if ((shadow.flags & shadow_flags::unsynced) != 0)
            pool_.entry(shadow.copy * shadow_slots + slot) = value;
        if (shadow.level == 1) {
            replace(entry, leaf_entry(value, shadow.view));
            continue;
        }
        const bool led_somewhere = child_or_aside(entry) != 0;
        change_table_entry(entry, shadow.level, value);
        if (settings_.guesses && led_somewhere && (value & paging::present) == 0)
            expect_end(shadows[index]);
    }
}

// Whether the table may be changed by set_leaf().
void ShadowTables::mark_leaf_shadow(Frame& frame) {
    bool one = frame.first_shadow != 0;
    if (one) {
        const ShadowTable& table = pool_.table(frame.first_shadow);
        one = table.next == 0 && table.level == 1 && table.flags == 0;
    }
    const auto flag = frame_flags::one_leaf_shadow;
    frame.flags = static_cast<std::uint8_t>(one ? frame.flags | flag : frame.flags & ~flag);
}

// A translation that was left to the guest may lead here, and its entry is in no list any longer
// (StaleTranslations, rule 5).
void ShadowTables::lock(Frame& frame) {
    if (frame.write_locks++ != 0)
        return;
    if (frame.mappings != 0 || stale_->is_any_left())
        stale_->taken_by_monitor();
    for (EntryNumber number = frame.mappings; number != 0; number = pool_.next(number))
        pool_.entry(number) = pool_.entry(number) & ~writable_and_dirty;
    note_change();
}

void ShadowTables::unlock(Frame& frame) {
    if (--frame.write_locks != 0)
        return;
    for (EntryNumber number = frame.mappings; number != 0; number = pool_.next(number))
        if ((pool_.entry(number) & shadow_bits::read_only) == 0)
            pool_.entry(number) = pool_.entry(number) | writable_and_dirty;
}

} // namespace hv
