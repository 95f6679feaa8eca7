// Roots of the guest's page tables: whether they lead to the tables that are protected.

#include "hypervisor/descriptors/protected_tables.h"

#include <algorithm>

namespace hv {

void ProtectedTables::learn_root(const GuestMemory& memory, std::uint64_t root) {
    known_entries_.clear();
    for (const GuestTable* table : {&gdt_, &ldt_, &idt_, &tss_}) {
        if (!table->is_open())
            continue;
        for (const std::uint64_t address : {table->base(), table->base() + table->limit()}) {
            const auto index = static_cast<std::uint32_t>(
                FourLevelPaging::index(address, FourLevelPaging::levels));
            const auto known = [index](const KnownEntry& entry) { return entry.index == index; };
            if (std::any_of(known_entries_.begin(), known_entries_.end(), known))
                continue;
            const auto value = memory.read<std::uint64_t>((root & paging::address_mask) +
                                                          std::uint64_t{index} * table_word);
            known_entries_.push_back({index, value.value_or(0) & ~paging::accessed});
        }
    }
}

bool ProtectedTables::root_maps_tables(const GuestMemory& memory, std::uint64_t root) {
    if (knows_entries_of(root))
        return true;
    for (const GuestTable* held : {&gdt_, &ldt_, &idt_, &tss_})
        if (held->is_open() && !held->mapped_alike(memory, root))
            return false;
    learn_root(memory, root);
    return true;
}

} // namespace hv
