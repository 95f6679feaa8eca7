#include "hypervisor/translation/shadow/shadow_fill.h"

#include "hypervisor/translation/shadow/unsynced_copy.h"

namespace hv {

namespace {

constexpr std::uint32_t slot_of(std::uint64_t linear, int level) {
    return static_cast<std::uint32_t>(FourLevelPaging::index(linear, level));
}

// What each entry of a direct table has in common with the guest's entry for the large page.
constexpr std::uint16_t direct_attributes(std::uint64_t guest) {
    constexpr std::uint64_t same = paging::write_through | paging::cache_disable | paging::global;
    return static_cast<std::uint16_t>((guest & same) |
                                      ((guest & paging::large_pat) != 0 ? paging::pat : 0));
}

} // namespace

// Whether the access may reach the page at all. The monitor's own pages have rights that the guest
// cannot extend.
bool ShadowFill::allows(std::uint64_t frame, std::uint32_t access) const {
    if (frames_.find(frame) != nullptr)
        return true;
    const HostPage page = host_page(frame, viewer_);
    const bool write = (access & fault_code::write) != 0;
    const bool fetch = (access & fault_code::fetch) != 0;
    return page.there && (!write || page.writable) && (!fetch || page.forced == 0);
}

// Whether another vCPU has changed an entry after it was walked and before its table was write-
// protected. The access is then tried again.
template <bool legacy>
bool ShadowFill::has_changed(ShadowNumber number, std::uint32_t slot, std::uint64_t walked) const {
    constexpr std::uint64_t used = paging::accessed | paging::dirty;
    const ShadowTable& table = pool_.table(number);
    const std::uint64_t guest =
        legacy ? read_guest(table, slot)
               : direct_word<std::uint64_t>(table.frame * page_size + slot * sizeof(walked));
    return (table.flags & shadow_flags::unsynced) == 0 && ((guest ^ walked) & ~used) != 0;
}

// Fills below `number`, the entry of level `level` for a large page of the guest. Returns whether
// anything changed on the path to `linear`; the entry of a 4 KiB page that leads nowhere stays
// absent.
bool ShadowFill::fill_large(EntryNumber number, int level, std::uint64_t linear,
                            std::uint64_t guest) {
    const std::uint16_t attributes = direct_attributes(guest);
    std::uint64_t frame = FourLevelPaging::page_address(guest, level) / page_size;
    bool changed = false;
    while (level > 1) {
        const std::uint64_t size = std::uint64_t{1} << 9 * (level - 1);
        const ShadowView view = is_per_vcpu(frame, size) ? viewer_ : shared_view;
        const ShadowNumber child = find_or_make_direct(frame, level - 1, attributes, view);
        const std::uint64_t value = link_entry(number / shadow_slots, child, guest, level);
        if (pool_.entry(number) != value) {
            replace(number, value);
            changed = true;
        }
        // The entries below grant all rights: the one above them says what the guest allows.
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

ShadowFill::Fill ShadowFill::fill(ShadowNumber root, std::uint64_t linear, const PageWalk& walk,
                                  std::uint32_t access) {
    return is_pointer_table(root) ? fill_path<true>(root, linear, walk, access)
                                  : fill_path<false>(root, linear, walk, access);
}

template <bool legacy>
[[gnu::always_inline]] inline ShadowFill::Fill
ShadowFill::fill_path(ShadowNumber root, std::uint64_t linear, const PageWalk& walk,
                      std::uint32_t access) {
    constexpr int top = legacy ? PaePaging::levels : FourLevelPaging::levels;
    if (!reserve_for_walk() || !separate_views(walk, top))
        return Fill::unfinished;
    bool changed = first_unsynced_ != 0 && can_displace() && bring_back(root);
    ShadowNumber table = root;
    for (int level = top; level > walk.level; --level) {
        const std::uint64_t guest = walk.step[static_cast<std::size_t>(level)].entry;
        if (has_changed<legacy>(table, slot_of(linear, level), guest))
            return Fill::filled;
        Frame& frame = *frames_.of_address(guest & paging::address_mask); // it was walked
        const EntryNumber entry = table * shadow_slots + slot_of(linear, level);
        const TableFormat format =
            legacy ? pool_.table(table).format.below(level, slot_of(linear, level)) : TableFormat{};
        ShadowNumber child = find(frame, level - 1, viewer_, format);
        const bool is_new = child == 0;
        if (is_new)
            child = make(frame, level - 1, viewer_, format);
        else if (pool_.entry(entry) == 0)
            child = find_in_step(frame, level - 1, viewer_, format);
        if (child == 0)
            return Fill::unfinished;
        const std::uint64_t value =
            legacy ? link_entry(table, child, guest, level) : table_entry(child, guest, level);
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
    if (has_changed<legacy>(table, slot_of(linear, walk.level), guest))
        return Fill::filled;
    if (!allows(walk.gpa / page_size, access))
        return Fill::nowhere;
    if (walk.level > 1)
        return fill_large(entry, walk.level, linear, guest) || changed ? Fill::filled
                                                                       : Fill::unchanged;
    if (const ShadowTable& leaf = pool_.table(table); (leaf.flags & shadow_flags::unsynced) != 0)
        set_seen_entry(pool_, leaf, slot_of(linear, 1), guest);
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
