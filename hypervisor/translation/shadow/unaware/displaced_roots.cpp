#include "hypervisor/translation/shadow/unaware/displaced_roots.h"

#include "hypervisor/host/processor/direct_map_exchange.h"
#include "hypervisor/translation/shadow/unaware/unaware.h"

namespace hv {

namespace {

void exchange_contents(std::uint64_t first, std::uint64_t second) {
    for (std::uint64_t offset = 0; offset < page_size; offset += sizeof(std::uint64_t)) {
        volatile std::uint64_t& left = direct_word<std::uint64_t>(first + offset);
        volatile std::uint64_t& right = direct_word<std::uint64_t>(second + offset);
        const std::uint64_t word = left;
        left = right;
        right = word;
    }
}

} // namespace

bool DisplacedRoots::count_load(ShadowNumber root) {
    ShadowTable& table = pool_.table(root);
    if (table.loads < unaware::hot_loads)
        ++table.loads;
    return table.loads == unaware::hot_loads;
}

// Every entry that maps the guest's page is in its list: all entries of level 1 are tracked.
void DisplacedRoots::move_mappings(Frame& from, Frame& to) {
    const std::uint64_t address = frames_.number(to) * page_size;
    for (EntryNumber number = from.mappings; number != 0; number = pool_.next(number))
        pool_.entry(number) = (pool_.entry(number) & ~paging::address_mask) | address;
    to.mappings = std::exchange(from.mappings, 0);
}

// Cached translations of the page lead to what is now the shadow table, so all are dropped.
bool DisplacedRoots::displace(ShadowNumber root) {
    ShadowTable& table = pool_.table(root);
    const std::uint64_t page = table.frame * page_size;
    const std::uint64_t place = pool_.address(root);
    Frame& frame = frames_.at(table.frame);
    if (has_many_mappings(frame) ||
        !cpu::exchange_in_direct_map(page, place, *settings_.direct_map_tables))
        return false;
    exchange_contents(page, place);
    move_mappings(frame, frames_.at(place / page_size));
    frame.flags |= frame_flags::displaced;
    table.flags |= shadow_flags::displaced;
    table.loads = 0;
    stale_->taken_by_monitor();
    note_change();
    return true;
}

// The exchange needs no table: both pages were split when the root was displaced.
bool DisplacedRoots::restore(ShadowNumber root) {
    ShadowTable& table = pool_.table(root);
    const std::uint64_t page = table.frame * page_size;
    const std::uint64_t place = pool_.address(root);
    if (Frame& mapped = frames_.at(place / page_size); has_many_mappings(mapped)) {
        shorten_mappings(mapped);
        return false;
    }
    (void)cpu::exchange_in_direct_map(page, place, *settings_.direct_map_tables);
    exchange_contents(page, place);
    Frame& frame = frames_.at(table.frame);
    move_mappings(frames_.at(place / page_size), frame);
    frame.flags &= static_cast<std::uint8_t>(~frame_flags::displaced);
    table.flags &= static_cast<std::uint8_t>(~shadow_flags::displaced);
    stale_->taken_by_monitor();
    note_change();
    return true;
}

std::uint32_t DisplacedRoots::out_of_step(std::span<const ShadowNumber> roots) const {
    std::uint32_t found = 0;
    std::uint32_t budget = max_tables_searched;
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced)
        found |= among_roots_above(number, roots, budget);
    return found;
}

// A guest can build a very large number of paths to a table. When `budget` tables have been looked
// at, the answer is therefore all roots.
std::uint32_t DisplacedRoots::among_roots_above(ShadowNumber number,
                                                std::span<const ShadowNumber> roots,
                                                std::uint32_t& budget) const {
    std::uint32_t found = 0;
    for (EntryNumber entry = pool_.table(number).parents; entry != 0; entry = pool_.next(entry)) {
        const ShadowNumber parent = entry / shadow_slots;
        if (budget == 0)
            return ~std::uint32_t{0};
        --budget;
        if (pool_.table(parent).level < FourLevelPaging::levels) {
            found |= among_roots_above(parent, roots, budget);
            continue;
        }
        for (std::uint32_t index = 0; index < roots.size(); ++index)
            found |= roots[index] == parent ? std::uint32_t{1} << index : 0;
    }
    return found;
}

// Tracked entries. These two functions belong to ShadowEntries (shadow_entries.h), and are used
// only where roots may be displaced.

// Where the guest's page of a displaced root is.
std::uint64_t ShadowEntries::place_of(const Frame& page) const {
    ShadowNumber number = page.first_shadow;
    while ((pool_.table(number).flags & shadow_flags::displaced) == 0)
        number = pool_.table(number).next;
    return pool_.address(number);
}

std::uint64_t ShadowEntries::tracked_leaf(std::uint64_t guest, const Frame& page) const {
    std::uint64_t entry = ram_leaf(guest, page);
    if ((entry & shadow_bits::listed) == 0)
        entry |= shadow_bits::listed | shadow_bits::read_only;
    if ((page.flags & frame_flags::displaced) != 0)
        entry = (entry & ~paging::address_mask) | place_of(page);
    return entry;
}

} // namespace hv
