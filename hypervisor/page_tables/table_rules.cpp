// What an entry of a registered page table may say.

#include "hypervisor/page_tables/registered_tables.h"

namespace hv {

using abi::Error;

namespace {

/// What decides whether code of the kernel can be written.
constexpr std::uint64_t decisive_rights = paging::writable | paging::user | paging::execute_disable;

} // namespace

void RegisteredTables::set_rules(const TableRules& rules) {
    rules_ = rules;
    leaf_reserved_ = FourLevelPaging::reserved(0, 1, rules.features);
    // On classic no combination is refused: none has bits outside its mask.
    leaf_rights_ = rules.hardened ? decisive_rights : 0;
    leaf_rights_refused_ = paging::writable;
    plain_table_ = {1, translation_->plain_table_flags()};
}

// Memory types and rights are the guest's business, except for one thing on hardened: code of the
// kernel stays as it is.
Error RegisteredTables::judge_leaf(std::uint64_t value, int level) const {
    const std::uint64_t begin = FourLevelPaging::page_address(value, level);
    const PhysicalRange page{begin, begin + (std::uint64_t{1} << FourLevelPaging::shift(level))};
    if (page.end > rules_.memory_end || page.overlaps(rules_.monitor))
        return Error::bad_frame;
    if (rules_.hardened && (value & decisive_rights) == paging::writable)
        return Error::writable_code;
    return Error::none;
}

Error RegisteredTables::judge_link(std::uint64_t value, int level) const {
    const Frame* const target = frames_.of_address(value & paging::address_mask);
    if (target == nullptr)
        return Error::bad_frame;
    if (target->level >= level)
        return Error::table_loop;
    if (target->level != 0 && target->level != level - 1)
        return Error::not_a_table;
    if (!rules_.hardened)
        return Error::none;
    if (target->level == 0)
        return Error::not_a_table;
    // If entries above could take rights away, a leaf could not be judged by itself.
    return (value & decisive_rights) == (paging::writable | paging::user) ? Error::none
                                                                          : Error::table_rights;
}

// Whether the change would lead the linear address of a descriptor table elsewhere. Only tables on
// the path to one are marked, and only the entries on that path are kept.
bool RegisteredTables::is_kept(const Frame& frame, std::uint64_t gpa, std::uint64_t value) const {
    constexpr std::uint64_t free_bits = paging::accessed | paging::dirty;
    const std::uint64_t old = direct_word<std::uint64_t>(gpa);
    if (((old ^ value) & ~free_bits) == 0)
        return false;
    const std::uint64_t slot = gpa % page_size / sizeof(value);
    bool on_the_way = false;
    kept_->for_each_page([&](std::uint64_t linear) {
        on_the_way = on_the_way || FourLevelPaging::index(linear, frame.level) == slot;
    });
    return on_the_way;
}

Error RegisteredTables::judge(const Frame& frame, std::uint64_t gpa, std::uint64_t value) const {
    if ((frame.flags & frame_flags::kept) != 0 && is_kept(frame, gpa, value)) [[unlikely]]
        return Error::kept_mapping;
    if ((value & paging::present) == 0)
        return Error::none;
    const int level = frame.level;
    if ((value & FourLevelPaging::reserved(value, level, rules_.features)) != 0)
        return Error::bad_entry;
    return FourLevelPaging::maps_page(value, level) ? judge_leaf(value, level)
                                                    : judge_link(value, level);
}

} // namespace hv
