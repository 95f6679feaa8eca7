// Roots that lie where the guest has them, so that its MOV to CR3 need not exit (docs/shadow.md,
// "Displaced roots"). The guest's page and the shadow root change places: the shadow lies at the
// page's own address, where the processor finds it when the guest loads CR3, and what the guest has
// in the page lies where the shadow was. The direct map shows both where they were, so that all
// other code goes by guest-physical addresses as before; only what the processor walks, entries of
// shadow tables and CR3, says where they are.

#include "hypervisor/host/processor/direct_map_exchange.h"
#include "hypervisor/translation/shadow/shadow_tables.h"

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

/// Loads of CR3 with an exit after which a root counts as hot.
constexpr std::uint8_t hot_loads = 8;

} // namespace

bool ShadowTables::count_load(ShadowNumber root) {
    ShadowTable& table = pool_.table(root);
    if (table.loads < hot_loads)
        ++table.loads;
    return table.loads == hot_loads;
}

// Every entry that maps the guest's page is in its list: under an unaware kernel all leaves are.
void ShadowTables::move_mappings(Frame& from, Frame& to) {
    const std::uint64_t address = frames_.number(to) * page_size;
    for (EntryNumber number = from.mappings; number != 0; number = pool_.next(number))
        pool_.entry(number) = (pool_.entry(number) & ~paging::address_mask) | address;
    to.mappings = std::exchange(from.mappings, 0);
}

// The translations of the page that are cached lead to what is now the shadow.
bool ShadowTables::displace(ShadowNumber root) {
    ShadowTable& table = pool_.table(root);
    const std::uint64_t page = table.frame * page_size;
    const std::uint64_t place = pool_.address(root);
    if (!cpu::exchange_in_direct_map(page, place, *settings_.direct_map_tables))
        return false;
    exchange_contents(page, place);
    Frame& frame = frames_.at(table.frame);
    move_mappings(frame, frames_.at(place / page_size));
    frame.flags |= frame_flags::displaced;
    table.flags |= shadow_flags::displaced;
    table.loads = 0;
    stale_->taken_by_monitor();
    note_change();
    return true;
}

// No table is needed: both pages were split when they were displaced.
void ShadowTables::restore(ShadowNumber root) {
    ShadowTable& table = pool_.table(root);
    const std::uint64_t page = table.frame * page_size;
    const std::uint64_t place = pool_.address(root);
    (void)cpu::exchange_in_direct_map(page, place, *settings_.direct_map_tables);
    exchange_contents(page, place);
    Frame& frame = frames_.at(table.frame);
    move_mappings(frames_.at(place / page_size), frame);
    frame.flags &= static_cast<std::uint8_t>(~frame_flags::displaced);
    table.flags &= static_cast<std::uint8_t>(~shadow_flags::displaced);
    stale_->taken_by_monitor();
    note_change();
}

// Where what the guest has in a page of its RAM lies.
std::uint64_t ShadowTables::place_of(const Frame& page) const {
    ShadowNumber number = page.first_shadow;
    while ((pool_.table(number).flags & shadow_flags::displaced) == 0)
        number = pool_.table(number).next;
    return pool_.address(number);
}

// Of an unaware kernel's page: in the page's list whatever its rights, and leading to where it is.
std::uint64_t ShadowTables::tracked_leaf(std::uint64_t guest, const Frame& page) const {
    std::uint64_t entry = ram_leaf(guest, page);
    if ((entry & shadow_bits::listed) == 0)
        entry |= shadow_bits::listed | shadow_bits::read_only;
    if ((page.flags & frame_flags::displaced) != 0)
        entry = (entry & ~paging::address_mask) | place_of(page);
    return entry;
}

bool ShadowTables::is_out_of_step(ShadowNumber root) const { return out_of_step({&root, 1}) != 0; }

std::uint32_t ShadowTables::out_of_step(std::span<const ShadowNumber> roots) const {
    std::uint32_t found = 0;
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced) {
        std::uint32_t budget = max_tables_searched;
        found |= among_roots_above(number, roots, budget);
    }
    return found;
}

// A guest can make the ways up very many: when `budget` tables were looked at, it is all of them.
std::uint32_t ShadowTables::among_roots_above(ShadowNumber number,
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

} // namespace hv
