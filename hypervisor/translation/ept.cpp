#include "hypervisor/translation/ept.h"

namespace hv {

namespace {

constexpr std::uint64_t rights_mask = 7;
constexpr std::uint64_t large_page = 1 << 7;
constexpr std::uint64_t address_mask = 0x000FFFFFFFFFF000;
constexpr int memory_type_shift = 3;
constexpr std::uint64_t entry_size = sizeof(std::uint64_t);

constexpr std::uint64_t leaf_bits(EptRights rights, MemoryType type) {
    return static_cast<std::uint64_t>(rights) | static_cast<std::uint64_t>(type)
                                                    << memory_type_shift;
}

constexpr bool is_large(std::uint64_t entry) { return (entry & large_page) != 0; }

} // namespace

// The physical address of the entry that maps `gpa` at `level` (1: 4 KiB, 2: 2 MiB), or 0. With
// `allocate`, missing tables are made and a 2 MiB leaf above a level-1 entry is split.
std::uint64_t Ept::entry_address(std::uint64_t gpa, int level, bool allocate) const {
    std::uint64_t table = root(0);
    for (int current = 4; current > level; --current) {
        const std::uint64_t address = table + (gpa >> (12 + 9 * (current - 1)) & 0x1FF) * 8;
        volatile std::uint64_t& entry = direct_word<std::uint64_t>(address);
        const std::uint64_t value = entry;
        if (is_large(value)) {
            if (!allocate || !split(address))
                return 0;
        } else if (value == 0) {
            const std::uint64_t page = allocate ? pages_->take() : 0;
            if (page == 0)
                return 0;
            entry = page | rights_mask;
        }
        table = entry & address_mask;
    }
    return table + (gpa >> (12 + 9 * (level - 1)) & 0x1FF) * 8;
}

bool Ept::split(std::uint64_t entry_address) const {
    const std::uint64_t large = direct_word<std::uint64_t>(entry_address);
    const std::uint64_t table = pages_->take();
    if (table == 0)
        return false;
    for (std::uint64_t index = 0; index < 512; ++index)
        direct_word<std::uint64_t>(table + index * 8) = (large & ~large_page) + index * page_size;
    direct_word<std::uint64_t>(entry_address) = table | rights_mask;
    return true;
}

bool Ept::map_large(std::uint64_t gpa, std::uint64_t physical, EptRights rights, MemoryType type) {
    const std::uint64_t address = entry_address(gpa, 2, true);
    if (address == 0)
        return false;
    direct_word<std::uint64_t>(address) = physical | leaf_bits(rights, type) | large_page;
    return true;
}

bool Ept::map(std::uint64_t gpa, std::uint64_t physical, EptRights rights, MemoryType type) {
    const std::uint64_t address = entry_address(gpa, 1, true);
    if (address == 0)
        return false;
    direct_word<std::uint64_t>(address) = physical | leaf_bits(rights, type);
    return true;
}

bool Ept::make_views(std::uint32_t count) {
    std::uint64_t table = root(0);
    for (std::size_t depth = 0; depth < way_[0].size(); ++depth) {
        way_[0][depth] = table;
        table = direct_word<std::uint64_t>(table) & address_mask;
    }
    for (views_ = 1; views_ < count; ++views_) {
        auto& way = way_[views_];
        for (std::size_t depth = way.size(); depth-- > 0;) {
            way[depth] = pages_->take();
            if (way[depth] == 0)
                return false;
            for (std::uint64_t offset = 0; offset < page_size; offset += entry_size)
                direct_word<std::uint64_t>(way[depth] + offset) =
                    std::uint64_t{direct_word<std::uint64_t>(way_[0][depth] + offset)};
            if (depth + 1 < way.size())
                direct_word<std::uint64_t>(way[depth]) = way[depth + 1] | rights_mask;
        }
    }
    return true;
}

void Ept::map_in_view(std::uint32_t view, std::uint64_t gpa, std::uint64_t physical,
                      EptRights rights, MemoryType type) {
    direct_word<std::uint64_t>(way_[view].back() + gpa / page_size % 512 * entry_size) =
        physical | leaf_bits(rights, type);
}

// What the first view's own tables have got for `gpa`, which is not in the first 2 MiB, all have.
void Ept::share(std::uint64_t gpa) const {
    for (int level = 4; level > 1; --level) {
        const std::size_t depth = 4 - static_cast<std::size_t>(level);
        const std::uint64_t offset = (gpa >> (12 + 9 * (level - 1)) & 0x1FF) * entry_size;
        if (offset == 0)
            continue; // still on the way
        for (std::uint32_t view = 1; view < views_; ++view)
            direct_word<std::uint64_t>(way_[view][depth] + offset) =
                std::uint64_t{direct_word<std::uint64_t>(way_[0][depth] + offset)};
        return;
    }
}

bool Ept::set_rights(std::uint64_t gpa, EptRights rights) {
    const std::uint64_t old = leaf(gpa);
    if (old == 0)
        return false;
    if (gpa < large_page_size) {
        for (std::uint32_t view = 0; view < views_; ++view) {
            volatile std::uint64_t& entry = direct_word<std::uint64_t>(
                (views_ == 1 ? entry_address(gpa, 1, true)
                             : way_[view].back() + gpa / page_size * entry_size));
            entry = (entry & ~rights_mask) | static_cast<std::uint64_t>(rights);
        }
        return true;
    }
    const std::uint64_t address = entry_address(gpa, 1, true);
    if (address == 0)
        return false;
    if (is_large(old))
        share(gpa);
    volatile std::uint64_t& entry = direct_word<std::uint64_t>(address);
    entry = (entry & ~rights_mask) | static_cast<std::uint64_t>(rights);
    return true;
}

std::uint64_t Ept::leaf(std::uint64_t gpa) const {
    std::uint64_t table = root(0);
    for (int level = 4; level >= 1; --level) {
        const std::uint64_t entry =
            direct_word<std::uint64_t>(table + (gpa >> (12 + 9 * (level - 1)) & 0x1FF) * 8);
        if (entry == 0 || level == 1 || is_large(entry))
            return entry;
        table = entry & address_mask;
    }
    return 0;
}

} // namespace hv
