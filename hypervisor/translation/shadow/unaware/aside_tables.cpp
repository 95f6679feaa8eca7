// Tables out of step that nothing leads to for a while (docs/shadow.md, "Tables set aside"): the
// processor cannot use what they have, so the guest may change and invalidate without an exit.

#include "hypervisor/translation/shadow/shadow_tables.h"

namespace hv {

void ShadowTables::set_aside() {
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced) {
        const ShadowTable& table = pool_.table(number);
        if (table.parents == 0)
            continue;
        pool_.table(table.copy).parents = table.parents;
        while (table.parents != 0)
            replace(table.parents, 0);
    }
}

bool ShadowTables::uses_unsynced() const {
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced)
        if (pool_.table(number).parents != 0)
            return true;
    return false;
}

// The table that `number`, an entry of level 2, led to before it was set aside, or still leads to.
ShadowNumber ShadowTables::child_or_aside(EntryNumber number) const {
    if (const ShadowNumber child = child_of(number); child != 0)
        return child;
    for (ShadowNumber aside = first_unsynced_; aside != 0;
         aside = pool_.table(aside).next_unsynced) {
        const ShadowTable& table = pool_.table(aside);
        if (table.parents == 0 && pool_.table(table.copy).parents == number)
            return aside;
    }
    return 0;
}

// The parent may be another table by now. It is looked at, not remembered: when the guest's entry
// leads to the table, so may the shadow's.
bool ShadowTables::bring_back(ShadowNumber root) {
    bool changed = false;
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced) {
        const ShadowTable& table = pool_.table(number);
        const EntryNumber entry = pool_.table(table.copy).parents;
        const ShadowTable& parent = pool_.table(entry / shadow_slots);
        if (table.parents != 0 || entry == 0 || parent.level != 2 ||
            (parent.flags & shadow_flags::direct) != 0 ||
            (table.view != shared_view && table.view != parent.view))
            continue;
        const std::uint64_t guest = read_guest(parent, entry % shadow_slots);
        std::uint32_t budget = max_tables_searched;
        if (!leads_to_table(guest, 2) ||
            (guest & paging::address_mask) / page_size != table.frame ||
            !is_below(entry / shadow_slots, root, budget))
            continue;
        sync_table(number);
        replace(entry, table_entry(number, guest, 2));
        changed = true;
    }
    return changed;
}

} // namespace hv
