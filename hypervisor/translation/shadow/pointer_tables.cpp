#include "hypervisor/translation/shadow/pointer_tables.h"

namespace hv {

ShadowNumber PointerTables::make_pointer_table() {
    constexpr std::uint32_t needed = 2;
    if (!reserve(needed))
        return 0;
    const ShadowNumber number = take();
    ShadowTable& table = pool_.table(number);
    table.level = PaePaging::levels;
    table.flags = shadow_flags::pointers;
    table.format = {PagingMode::none, 0};
    table.view = viewer_;
    table.pins = 1;
    table.copy = take();
    ShadowTable& copy = pool_.table(table.copy);
    copy.flags = shadow_flags::copy;
    copy.pins = 1;
    return number;
}

bool PointerTables::load_pointers(ShadowNumber number, PagingMode mode, const Pointers& pointers) {
    ShadowTable& table = pool_.table(number);
    const TableFormat loaded{mode, 0};
    std::array<ShadowNumber, std::tuple_size_v<Pointers>> children{};
    for (std::uint32_t slot = 0; slot < pointers.size(); ++slot) {
        const Frame* const frame = frames_.of_address(pointers[slot] & paging::address_mask);
        if (frame == nullptr || !leads_to_table(pointers[slot], table.level))
            continue;
        const TableFormat format = loaded.below(table.level, slot);
        children[slot] = find_in_step(*frame, table.level - 1, viewer_, format);
        if (children[slot] == 0 && find(*frame, table.level - 1, viewer_, format) != 0)
            return false;
    }
    table.format = loaded;
    for (std::uint32_t slot = 0; slot < pointers.size(); ++slot) {
        const ShadowNumber child = children[slot];
        pool_.entry(table.copy * shadow_slots + slot) = pointers[slot];
        replace_link(number * shadow_slots + slot,
                     child != 0 ? link_entry(number, child, pointers[slot], table.level) : 0);
    }
    return true;
}

} // namespace hv
