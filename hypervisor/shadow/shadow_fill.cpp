// Shadow tables come into being and are filled, for a fault or for a table that was registered.

#include "hypervisor/shadow/shadow_tables.h"

namespace hv {

namespace {

constexpr std::uint64_t usable = paging::present | paging::accessed;

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

ShadowNumber ShadowTables::find(const Frame& frame, int level) const {
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next)
        if (pool_.table(number).level == level)
            return number;
    return 0;
}

// To enter an address space is to see its tables as they are, also those that another one shares
// and that are out of step there: the table itself or any below it.
ShadowNumber ShadowTables::find_in_step(const Frame& frame, int level) {
    const ShadowNumber number = find(frame, level);
    if (number == 0 || first_unsynced_ == 0) [[likely]]
        return number;
    if (level > 1) {
        for (ShadowNumber below = first_unsynced_; below != 0;
             below = pool_.table(below).next_unsynced)
            sync_table(below);
    } else if ((pool_.table(number).flags & shadow_flags::unsynced) != 0) {
        sync_table(number);
    }
    return number;
}

// Write-protected first, then read: another vCPU may write until then.
ShadowNumber ShadowTables::make(Frame& frame, int level) {
    const ShadowNumber number = take();
    ShadowTable& table = pool_.table(number);
    table.frame = frames_.number(frame);
    table.level = static_cast<std::uint8_t>(level);
    table.next = frame.first_shadow;
    frame.first_shadow = number;
    lock(frame);
    mark_leaf_shadow(frame);
    if ((frame.flags & frame_flags::reclaimed) != 0) {
        frame.flags &= static_cast<std::uint8_t>(~frame_flags::reclaimed);
        ++statistics_->shadow_rebuilt;
    }
    fill_from_guest(number);
    return number;
}

// Of a level-1 table everything, so that neighbours of a page that faulted need no fault of their
// own; of the others what leads to tables that have their shadows already.
void ShadowTables::fill_from_guest(ShadowNumber number) {
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t guest_table = table.frame * page_size;
    for (std::uint32_t slot = 0; slot < shadow_slots; ++slot) {
        const std::uint64_t guest =
            direct_word<std::uint64_t>(guest_table + slot * sizeof(std::uint64_t));
        if ((guest & usable) != usable)
            continue;
        const EntryNumber entry = number * shadow_slots + slot;
        if (table.level == 1) {
            replace(entry, leaf_entry(guest));
            continue;
        }
        const Frame* frame = frames_.of_address(guest & paging::address_mask);
        if (frame == nullptr || FourLevelPaging::maps_page(guest, table.level) ||
            (guest & FourLevelPaging::reserved(guest, table.level, settings_.features)) != 0)
            continue;
        if (const ShadowNumber child = find_in_step(*frame, table.level - 1); child != 0)
            replace(entry, table_entry(child, guest, table.level));
    }
}

ShadowNumber ShadowTables::root(std::uint64_t frame_number) {
    Frame& frame = *frames_.find(frame_number);
    const ShadowNumber number = find(frame, FourLevelPaging::levels);
    return number != 0 ? number : make(frame, FourLevelPaging::levels);
}

void ShadowTables::prepare(Frame& frame) {
    if (find(frame, frame.level) == 0)
        make(frame, frame.level);
}

ShadowNumber ShadowTables::find_or_make_direct(std::uint64_t frame, int level,
                                               std::uint16_t attributes) {
    const std::uint32_t shift = level == 1 ? 9 : 18;
    ShadowNumber& bucket = direct_[(frame >> shift) % direct_.size()];
    for (ShadowNumber number = bucket; number != 0; number = pool_.table(number).next) {
        const ShadowTable& table = pool_.table(number);
        if (table.frame == frame && table.level == level && table.attributes == attributes)
            return number;
    }
    const ShadowNumber number = take();
    ShadowTable& table = pool_.table(number);
    table.frame = frame;
    table.level = static_cast<std::uint8_t>(level);
    table.flags = shadow_flags::direct;
    table.attributes = attributes;
    table.next = bucket;
    bucket = number;
    if (level == 1)
        for (std::uint32_t slot = 0; slot < shadow_slots; ++slot)
            replace(number * shadow_slots + slot, direct_leaf(frame + slot, attributes));
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
        const ShadowNumber child = find_or_make_direct(frame, level - 1, attributes);
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
    const std::uint64_t value = direct_leaf(frame, attributes);
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
    const HostPage page = host_page(frame);
    const bool write = (access & fault_code::write) != 0;
    const bool fetch = (access & fault_code::fetch) != 0;
    return page.there && (!write || page.writable) && (!fetch || page.forced == 0);
}

ShadowTables::Fill ShadowTables::fill(ShadowNumber root, std::uint64_t linear, const PageWalk& walk,
                                      std::uint32_t access) {
    reserve_for_walk();
    bool changed = false;
    ShadowNumber table = root;
    for (int level = FourLevelPaging::levels; level > walk.level; --level) {
        const std::uint64_t guest = walk.step[static_cast<std::size_t>(level)].entry;
        Frame& frame = *frames_.of_address(guest & paging::address_mask); // it was walked
        const EntryNumber entry = table * shadow_slots + slot_of(linear, level);
        ShadowNumber child = find(frame, level - 1);
        if (child == 0)
            child = make(frame, level - 1);
        else if (pool_.entry(entry) == 0)
            child = find_in_step(frame, level - 1);
        const std::uint64_t value = table_entry(child, guest, level);
        if (pool_.entry(entry) != value) {
            replace(entry, value);
            changed = true;
        }
        table = child;
    }
    const std::uint64_t guest = walk.step[static_cast<std::size_t>(walk.level)].entry;
    const EntryNumber entry = table * shadow_slots + slot_of(linear, walk.level);
    if (!allows(walk.gpa / page_size, access))
        return Fill::nowhere;
    if (walk.level > 1)
        return fill_large(entry, walk.level, linear, guest) || changed ? Fill::filled
                                                                       : Fill::unchanged;
    if (const ShadowTable& leaf = pool_.table(table); (leaf.flags & shadow_flags::unsynced) != 0)
        pool_.entry(leaf.copy * shadow_slots + slot_of(linear, 1)) = guest;
    const std::uint64_t value = leaf_entry(guest);
    if (pool_.entry(entry) != value) {
        replace(entry, value);
        changed = true;
    }
    return changed ? Fill::filled : Fill::unchanged;
}

} // namespace hv
