#include "hypervisor/translation/shadow/unaware/aside_tables.h"

namespace hv {

void AsideTables::set_aside() {
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced) {
        const ShadowTable& table = pool_.table(number);
        if (table.parents == 0)
            continue;
        pool_.table(table.copy).parents = table.parents;
        for (; table.parents != 0; add_work(1)) {
            if (is_work_spent())
                return;
            replace(table.parents, 0);
        }
    }
}

bool AsideTables::uses_unsynced() const {
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced)
        if (pool_.table(number).parents != 0)
            return true;
    return false;
}

ShadowNumber AsideTables::child_or_aside(EntryNumber number) const {
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

// The remembered entry may belong to another shadow table by now, so it is not relied on. Only if
// the guest's entry in its place leads to the page table may the shadow entry lead to the shadow
// table.
bool AsideTables::bring_back(ShadowNumber root) {
    bool changed = false;
    std::uint32_t budget = max_tables_searched;
    for (ShadowNumber number = first_unsynced_; number != 0;
         number = pool_.table(number).next_unsynced) {
        const ShadowTable& table = pool_.table(number);
        if (is_work_spent())
            break;
        const EntryNumber entry = pool_.table(table.copy).parents;
        const ShadowTable& parent = pool_.table(entry / shadow_slots);
        if (table.parents != 0 || entry == 0 || parent.level != 2 ||
            (parent.flags & shadow_flags::direct) != 0 ||
            (table.view != shared_view && table.view != parent.view))
            continue;
        const std::uint64_t guest = read_guest(parent, entry % shadow_slots);
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
