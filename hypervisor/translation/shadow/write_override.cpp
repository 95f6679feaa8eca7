#include "hypervisor/translation/shadow/write_override.h"

namespace hv {

std::uint64_t WriteOverride::overriding(std::uint64_t entry, int level, bool executable) {
    std::uint64_t value = (entry & ~(paging::user | shadow_bits::read_only)) |
                          shadow_bits::overridden | paging::writable;
    if (level == 1)
        value |= paging::dirty | shadow_bits::listed;
    if ((entry & paging::user) != 0 && !executable)
        value |= paging::execute_disable;
    return value;
}

bool WriteOverride::override_read_only(ShadowNumber root, std::uint64_t linear,
                                       const PageWalk& walk, bool executable) {
    const auto slot = [linear](int level) {
        return static_cast<std::uint32_t>(FourLevelPaging::index(linear, level));
    };
    ShadowNumber table = root;
    for (int level = pool_.table(root).level; level > walk.level && table != 0; --level) {
        if ((walk.step[static_cast<std::size_t>(level)].entry & paging::writable) == 0)
            return false;
        table = child_of(table * shadow_slots + slot(level));
    }
    const EntryNumber number = table * shadow_slots + slot(walk.level);
    const std::uint64_t entry = pool_.entry(number);
    const Frame* const page = frames_.of_address(walk.gpa);
    // The fill may have write-protected the page: it may be a page table of this very walk.
    if (table == 0 || (entry & paging::present) == 0 || page == nullptr || page->write_locks != 0)
        return false;
    if ((entry & shadow_bits::overridden) != 0)
        return true;
    if (overrides_.size() == overrides_.capacity())
        end_overrides();
    overrides_.push_back(number);
    replace(number, overriding(entry, walk.level, executable));
    return true;
}

// An entry that was overridden may have been made anew meanwhile, and left to the guest what is
// cached of it.
void WriteOverride::end_overrides() {
    stale_->taken_by_monitor();
    for (const EntryNumber number : overrides_)
        if ((pool_.entry(number) & shadow_bits::overridden) != 0)
            replace(number, 0);
    overrides_.clear();
}

} // namespace hv
