// Shadow tables come into being and are filled, for a fault or for a table that was registered.

#include "hypervisor/memory/compare_pages.h"
#include "hypervisor/translation/shadow/shadow_tables.h"

namespace hv {

namespace {

using shadow_bits::usable;

constexpr std::uint32_t slot_of(std::uint64_t linear, int level) {
    return static_cast<std::uint32_t>(FourLevelPaging::index(linear, level));
}

// What each entry of a direct table takes over from the large page's.
constexpr std::uint16_t direct_attributes(std::uint64_t guest) {
    constexpr std::uint64_t same = paging::write_through | paging::cache_disable | paging::global;
    return static_cast<std::uint16_t>((guest & same) |
                                      ((guest & paging::large_pat) != 0 ? paging::pat : 0));
}

} // namespace

ShadowNumber ShadowTables::find(const Frame& frame, int level, ShadowView viewer) const {
    const ShadowView view = view_in(frame, level, viewer);
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next)
        if (pool_.table(number).level == level && pool_.table(number).view == view)
            return number;
    return 0;
}

// To enter an address space is to see its tables as they are, also those that another one shares
// and that are out of step there: the table itself or any below it.
ShadowNumber ShadowTables::find_in_step(const Frame& frame, int level, ShadowView viewer) {
    const ShadowNumber number = find(frame, level, viewer);
    if (number == 0 || first_unsynced_ == 0) [[likely]]
        return number;
    if (level > 1) {
        for (ShadowNumber below = first_unsynced_; below != 0;
             below = pool_.table(below).next_unsynced) {
            std::uint32_t budget = max_tables_searched;
            if (is_below(below, number, budget))
                sync_table(below);
        }
    } else if ((pool_.table(number).flags & shadow_flags::unsynced) != 0) {
        sync_table(number);
    }
    return number;
}

// Write-protected first, on all vCPUs, then read: another vCPU may write until then.
ShadowNumber ShadowTables::make(Frame& frame, int level, ShadowView viewer) {
    const ShadowNumber number = take();
    ShadowTable& table = pool_.table(number);
    table.frame = frames_.number(frame);
    table.level = static_cast<std::uint8_t>(level);
    table.view = view_in(frame, level, viewer);
    table.next = frame.first_shadow;
    frame.first_shadow = number;
    lock(frame);
    mark_leaf_shadow(frame);
    if ((frame.flags & frame_flags::reclaimed) != 0) {
        frame.flags &= static_cast<std::uint8_t>(~frame_flags::reclaimed);
        ++statistics_->shadow_rebuilt;
    }
    stale_->wait_for_others();
    fill_from_guest(number);
    return number;
}

bool ShadowTables::is_per_vcpu(std::uint64_t frame, std::uint64_t count) const {
    const PhysicalRange range{frame * page_size, (frame + count) * page_size};
    for (const MonitorPages& pages : settings_.monitor_pages)
        if (pages.stride != 0 && pages.guest.overlaps(range))
            return true;
    return false;
}

// What vCPUs have shared of it is made again, for each, when it needs it.
void ShadowTables::make_per_vcpu(Frame& frame) {
    if ((frame.flags & frame_flags::per_vcpu) != 0)
        return;
    ShadowNumber next = 0;
    for (ShadowNumber number = frame.first_shadow; number != 0; number = next) {
        next = pool_.table(number).next;
        if (pool_.table(number).view == shared_view)
            (void)release(number);
    }
    frame.flags |= frame_flags::per_vcpu;
}

// Before it is filled: what leads to the per-vCPU area is each vCPU's own, up to the root.
void ShadowTables::separate_views(const PageWalk& walk) {
    const std::uint64_t entry = walk.step[static_cast<std::size_t>(walk.level)].entry;
    const std::uint64_t size = std::uint64_t{1} << FourLevelPaging::shift(walk.level);
    bool own =
        is_per_vcpu(FourLevelPaging::page_address(entry, walk.level) / page_size, size / page_size);
    for (int level = walk.level; level < FourLevelPaging::levels; ++level) {
        Frame& table = *frames_.of_address(walk.step[static_cast<std::size_t>(level)].address);
        own = own || (table.flags & frame_flags::per_vcpu) != 0;
        if (own)
            make_per_vcpu(table);
    }
}

// Of a level-1 table everything, so that neighbours of a page that faulted need no fault of their
// own; of the others what leads to tables that have their shadows already.
void ShadowTables::fill_from_guest(ShadowNumber number) {
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t guest_table = table.frame * page_size;
    for (std::uint32_t slot = first_nonzero(guest_table, 0); slot < shadow_slots;
         slot = first_nonzero(guest_table, slot + 1)) {
        const std::uint64_t guest =
            direct_word<std::uint64_t>(guest_table + slot * sizeof(std::uint64_t));
        if ((guest & usable) != usable)
            continue;
        const EntryNumber entry = number * shadow_slots + slot;
        if (table.level == 1) {
            replace(entry, leaf_entry(guest, table.view));
            continue;
        }
        const Frame* frame = frames_.of_address(guest & paging::address_mask);
        if (frame == nullptr || !leads_to_table(guest, table.level))
            continue;
        if (table.view == shared_view && (frame->flags & frame_flags::per_vcpu) != 0)
            continue;
        if (const ShadowNumber child = find_in_step(*frame, table.level - 1, table.view);
            child != 0)
            replace(entry, table_entry(child, guest, table.level));
    }
}

ShadowNumber ShadowTables::root(std::uint64_t frame_number) {
    Frame& frame = *frames_.find(frame_number);
    const ShadowNumber number = find(frame, FourLevelPaging::levels, viewer_);
    return number != 0 ? number : make(frame, FourLevelPaging::levels, viewer_);
}

void ShadowTables::prepare(Frame& frame) {
    if (find(frame, frame.level, viewer_) == 0)
        make(frame, frame.level, viewer_);
}

ShadowNumber ShadowTables::find_or_make_direct(std::uint64_t frame, int level,
                                               std::uint16_t attributes, ShadowView view) {
    const std::uint32_t shift = level == 1 ? 9 : 18;
    ShadowNumber& bucket = direct_[(frame >> shift) % direct_.size()];
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
            replace(number * shadow_slots + slot, direct_leaf(frame + slot, attributes, view));
    return number;
}

// `number` is the entry for a large page of the guest, at `level`. Returns whether anything changed
// on the way to `linear`; a 4 KiB page that leads nowhere stays absent.
bool ShadowTables::fill_large(EntryNumber number, int level, std::uint64_t linear,
                              std::uint64_t guest) {
    const std::uint16_t attributes = direct_attributes(guest);
    std::uint64_t frame = FourLevelPaging::page_address(guest, level) / page_size;
    bool changed = false;
    while (level > 1) {
        const std::uint64_t size = std::uint64_t{1} << 9 * (level - 1);
        const ShadowView view = is_per_vcpu(frame, size) ? viewer_ : shared_view;
        const ShadowNumber child = find_or_make_direct(frame, level - 1, attributes, view);
        const std::uint64_t value = table_entry(child, guest, level);
        if (pool_.entry(number) != value) {
            replace(number, value);
            changed = true;
        }
        // Below, all rights: the first entry has said what the guest allows.
        guest |= paging::writable | paging::dirty | paging::user;
        guest &= ~paging::execute_disable;
        --level;
        number = child * shadow_slots + slot_of(linear, level);
        frame += std::uint64_t{slot_of(linear, level)} << (9 * (level - 1));
    }
    const std::uint64_t value =
        direct_leaf(frame, attributes, is_per_vcpu(frame, 1) ? viewer_ : shared_view);
    if (pool_.entry(number) != value) {
        replace(number, value);
        changed = true;
    }
    return changed;
}

// Whether the access may reach a page at all: the monitor's own pages have rights that are not the
// guest's to give.
bool ShadowTables::allows(std::uint64_t frame, std::uint32_t access) const {
    if (frames_.find(frame) != nullptr)
        return true;
    const HostPage page = host_page(frame, viewer_);
    const bool write = (access & fault_code::write) != 0;
    const bool fetch = (access & fault_code::fetch) != 0;
    return page.there && (!write || page.writable) && (!fetch || page.forced == 0);
}

// Whether another vCPU has changed an entry that was walked before its table was write-protected:
// the access is then tried again.
bool ShadowTables::has_changed(ShadowNumber number, std::uint32_t slot,
                               std::uint64_t walked) const {
    constexpr std::uint64_t used = paging::accessed | paging::dirty;
    const ShadowTable& table = pool_.table(number);
    return (table.flags & shadow_flags::unsynced) == 0 &&
           ((read_guest(table, slot) ^ walked) & ~used) != 0;
}

ShadowTables::Fill ShadowTables::fill(ShadowNumber root, std::uint64_t linear, const PageWalk& walk,
                                      std::uint32_t access) {
    reserve_for_walk();
    separate_views(walk);
    bool changed = first_unsynced_ != 0 && can_displace() && bring_back(root);
    ShadowNumber table = root;
    for (int level = FourLevelPaging::levels; level > walk.level; --level) {
        const std::uint64_t guest = walk.step[static_cast<std::size_t>(level)].entry;
        if (has_changed(table, slot_of(linear, level), guest))
            return Fill::filled;
        Frame& frame = *frames_.of_address(guest & paging::address_mask); // it was walked
        const EntryNumber entry = table * shadow_slots + slot_of(linear, level);
        ShadowNumber child = find(frame, level - 1, viewer_);
        const bool is_new = child == 0;
        if (is_new)
            child = make(frame, level - 1, viewer_);
        else if (pool_.entry(entry) == 0)
            child = find_in_step(frame, level - 1, viewer_);
        const std::uint64_t value = table_entry(child, guest, level);
        if (pool_.entry(entry) != value) {
            replace(entry, value);
            changed = true;
        }
        if (is_new && level == 2 && settings_.guesses)
            expect_stores(frame, linear);
        table = child;
    }
    const std::uint64_t guest = walk.step[static_cast<std::size_t>(walk.level)].entry;
    const EntryNumber entry = table * shadow_slots + slot_of(linear, walk.level);
    if (has_changed(table, slot_of(linear, walk.level), guest))
        return Fill::filled;
    if (!allows(walk.gpa / page_size, access))
        return Fill::nowhere;
    if (walk.level > 1)
        return fill_large(entry, walk.level, linear, guest) || changed ? Fill::filled
                                                                       : Fill::unchanged;
    if (const ShadowTable& leaf = pool_.table(table); (leaf.flags & shadow_flags::unsynced) != 0)
        pool_.entry(leaf.copy * shadow_slots + slot_of(linear, 1)) = guest;
    const std::uint64_t value = leaf_entry(guest, pool_.table(table).view);
    if (pool_.entry(entry) != value) {
        replace(entry, value);
        changed = true;
    }
    if (settings_.guesses)
        use_neighbours(table, slot_of(linear, 1));
    return changed ? Fill::filled : Fill::unchanged;
}

} // namespace hv
