#include "hypervisor/translation/ept.h"

namespace hv {

namespace {

constexpr std::uint64_t rights_mask = static_cast<std::uint64_t>(EptRights::all);
constexpr int memory_type_shift = 3;

constexpr std::uint64_t page_bits(EptRights rights, MemoryType type) {
    return static_cast<std::uint64_t>(rights) | static_cast<std::uint64_t>(type)
                                                    << memory_type_shift;
}

void change_rights(std::uint64_t entry_address, EptRights rights) {
    volatile std::uint64_t& entry = direct_word<std::uint64_t>(entry_address);
    entry = (entry & ~rights_mask) | static_cast<std::uint64_t>(rights);
}

} // namespace

bool Ept::map_large(std::uint64_t gpa, std::uint64_t physical, EptRights rights, MemoryType type) {
    const std::uint64_t address = editor(0).make(gpa, 2, *pages_);
    if (address == 0)
        return false;
    direct_word<std::uint64_t>(address) = physical | page_bits(rights, type) | paging::page_size;
    return true;
}

bool Ept::map(std::uint64_t gpa, std::uint64_t physical, EptRights rights, MemoryType type) {
    const std::uint64_t address = editor(0).make(gpa, 1, *pages_);
    if (address == 0)
        return false;
    direct_word<std::uint64_t>(address) = physical | page_bits(rights, type);
    return true;
}

bool Ept::make_views(std::uint32_t count) {
    for (int level = FourLevelPaging::levels; level > 1; --level) {
        const auto depth = static_cast<std::size_t>(FourLevelPaging::levels - level);
        const std::uint64_t link = direct_word<std::uint64_t>(path_[0][depth]);
        path_[0][depth + 1] = link & paging::address_mask;
    }
    for (views_ = 1; views_ < count; ++views_) {
        auto& path = path_[views_];
        for (std::uint64_t& table : path) {
            table = pages_->take();
            if (table == 0)
                return false;
        }
        if (copy_path(root(0), 0, path) == 0)
            return false;
    }
    return true;
}

void Ept::map_in_view(std::uint32_t view, std::uint64_t gpa, std::uint64_t physical,
                      EptRights rights, MemoryType type) {
    direct_word<std::uint64_t>(place_in(path_[view].back(), gpa, 1).address) =
        physical | page_bits(rights, type);
}

// At some level the path to `gpa` leads from one of the first view's own tables to a shared table.
// The entry that does so is copied to the other views. `gpa` is not in the first 2 MiB.
void Ept::share(std::uint64_t gpa) const {
    int level = FourLevelPaging::levels;
    while (FourLevelPaging::index(gpa, level) == 0)
        --level;
    const auto depth = static_cast<std::size_t>(FourLevelPaging::levels - level);
    const std::uint64_t entry =
        direct_word<std::uint64_t>(place_in(path_[0][depth], gpa, level).address);
    for (std::uint32_t view = 1; view < views_; ++view)
        direct_word<std::uint64_t>(place_in(path_[view][depth], gpa, level).address) = entry;
}

bool Ept::set_rights(std::uint64_t gpa, EptRights rights) {
    EntryPlace place = editor(0).find(gpa, 1);
    if (direct_word<std::uint64_t>(place.address) == 0)
        return false;
    if (place.level > 1) {
        const std::uint64_t table = PageTableEditor<EptFormat>::extend(place, *pages_);
        if (table == 0)
            return false;
        place = place_in(table, gpa, 1);
        if (gpa >= large_page_size)
            share(gpa);
    }
    change_rights(place.address, rights);
    if (gpa < large_page_size)
        for (std::uint32_t view = 1; view < views_; ++view)
            change_rights(place_in(path_[view].back(), gpa, 1).address, rights);
    return true;
}

std::uint64_t Ept::leaf(std::uint64_t gpa) const {
    return direct_word<std::uint64_t>(editor(0).find(gpa, 1).address);
}

} // namespace hv
