// The consistency checker compares every shadow entry with the guest's page tables. For tests, and
// for the checked build of the monitor, which runs it after each VM exit that changed an entry.

#include "hypervisor/host/console.h"
#include "hypervisor/translation/shadow/shadow_tables.h"
#include "hypervisor/translation/shadow/unsynced_copy.h"

namespace hv {

// Whether the entry, of level 1, maps a page with so many mappings that not all are made writable.
bool ShadowTables::may_be_read_only(std::uint64_t entry) const {
    const std::uint64_t number = (entry & paging::address_mask) / page_size;
    return number < frames_.count() &&
           (frames_.at(number).flags & frame_flags::partly_writable) != 0;
}

// An entry may be absent: a fault then makes it. It may never allow more than the guest's entry, or
// lead elsewhere.
bool ShadowTables::consistent_entry(ShadowNumber number, std::uint32_t slot) const {
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t entry = pool_.entry(number * shadow_slots + slot);
    if ((entry & paging::present) == 0)
        return entry == 0;
    if ((table.flags & shadow_flags::direct) != 0) {
        if (table.level > 1) {
            const ShadowTable& child = pool_.table(pool_.at(entry & paging::address_mask));
            return (child.flags & shadow_flags::direct) != 0 && child.level + 1 == table.level &&
                   child.frame == table.frame + slot * std::uint64_t{shadow_slots};
        }
        const std::uint64_t wanted = direct_leaf(table.frame + slot, table.attributes, table.view);
        return entry == wanted ||
               (may_be_read_only(entry) && entry == (wanted & ~shadow_bits::writable_and_dirty));
    }
    const std::uint64_t guest = (table.flags & shadow_flags::unsynced) != 0
                                    ? seen_entry(pool_, table, slot)
                                    : read_guest(table, slot);
    if (table.level == 1) {
        const std::uint64_t wanted = leaf_entry(guest, table.view);
        if (may_be_read_only(entry) && entry == (wanted & ~shadow_bits::writable_and_dirty))
            return true;
        // While the page is write-protected, an override is not writable either.
        return entry == wanted || is_override(entry | shadow_bits::writable_and_dirty, wanted, 1);
    }
    const ShadowNumber child_number = pool_.at(entry & paging::address_mask);
    const ShadowTable& child = pool_.table(child_number);
    const std::uint64_t frame = FourLevelPaging::maps_page(guest, table.level)
                                    ? FourLevelPaging::page_address(guest, table.level) / page_size
                                    : (guest & paging::address_mask) / page_size;
    const bool direct = (child.flags & shadow_flags::direct) != 0;
    const std::uint64_t wanted = link_entry(number, child_number, guest, table.level);
    const bool has_format = direct || child.format == table.format.below(table.level, slot);
    return child_number != 0 && child.level + 1 == table.level && child.frame == frame &&
           has_format && direct == FourLevelPaging::maps_page(guest, table.level) &&
           (guest & (paging::present | paging::accessed)) == (paging::present | paging::accessed) &&
           (entry == wanted || (direct && (entry == (wanted & ~paging::writable) ||
                                           is_override(entry, wanted, table.level))));
}

bool ShadowTables::consistent() const {
    std::uint64_t writable = 0;
    for (ShadowNumber number = 1; number < pool_.count(); ++number) {
        const ShadowTable& table = pool_.table(number);
        if (table.level == 0)
            continue;
        for (std::uint32_t slot = 0; slot < shadow_slots; ++slot) {
            const std::uint64_t entry = pool_.entry(number * shadow_slots + slot);
            if (!consistent_entry(number, slot)) {
                console::say("shadow of level ", std::uint32_t{table.level}, ", guest frame ",
                             console::Hex{table.frame}, ", slot ", slot, ": ", console::Hex{entry},
                             " stands for ", console::Hex{read_guest(table, slot)});
                return false;
            }
            const bool listed = table.level == 1 && (entry & shadow_bits::listed) != 0;
            writable += listed ? 1U : 0U;
        }
    }
    return consistent_lists(writable);
}

// The list of each page has exactly the entries that the guest's entries make writable; they are
// writable while the page is not write-protected. Where roots may be displaced, the list has the
// read-only ones too.
bool ShadowTables::consistent_lists(std::uint64_t writable) const {
    std::uint64_t listed = 0;
    for (std::uint64_t number = 0; number < frames_.count(); ++number) {
        const Frame& frame = frames_.at(number);
        // Frames of the monitor may have a list too: the page of a displaced root lies in one.
        const bool locked = frame.write_locks != 0 || frames_.find(number) == nullptr;
        for (EntryNumber entry = frame.mappings; entry != 0; entry = pool_.next(entry)) {
            const std::uint64_t value = pool_.entry(entry);
            const bool writable_now = (value & paging::writable) != 0;
            const bool may_write = !locked && (value & shadow_bits::read_only) == 0;
            const bool right =
                (value & shadow_bits::listed) != 0 &&
                (writable_now == may_write || (!writable_now && may_be_read_only(value))) &&
                (value & paging::address_mask) / page_size == number;
            if (!right) {
                console::say("a list of writable entries is wrong for frame ", console::Hex{number},
                             ", entry ", console::Hex{value});
                return false;
            }
            ++listed;
        }
    }
    if (listed != writable)
        console::say("writable shadow entries: ", writable, ", in lists: ", listed);
    return listed == writable;
}

} // namespace hv
