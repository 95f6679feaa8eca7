#include "hypervisor/memory/ept.h"

namespace hv {

namespace {

constexpr std::uint64_t rights_mask = 7;
constexpr std::uint64_t large_page = 1 << 7;
constexpr std::uint64_t address_mask = 0x000FFFFFFFFFF000;
constexpr int memory_type_shift = 3;

constexpr std::uint64_t leaf_bits(EptRights rights, MemoryType type) {
    return static_cast<std::uint64_t>(rights) | static_cast<std::uint64_t>(type)
                                                    << memory_type_shift;
}

constexpr bool is_large(std::uint64_t entry) { return (entry & large_page) != 0; }

} // namespace

// The physical address of the entry that maps `gpa` at `level` (1: 4 KiB, 2: 2 MiB), or 0. With
// `allocate`, missing tables are made and a 2 MiB leaf above a level-1 entry is split.
std::uint64_t Ept::entry_address(std::uint64_t gpa, int level, bool allocate) const {
    std::uint64_t table = root_;
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

bool Ept::set_rights(std::uint64_t gpa, EptRights rights) {
    if (leaf(gpa) == 0)
        return false;
    const std::uint64_t address = entry_address(gpa, 1, true);
    if (address == 0)
        return false;
    volatile std::uint64_t& entry = direct_word<std::uint64_t>(address);
    entry = (entry & ~rights_mask) | static_cast<std::uint64_t>(rights);
    return true;
}

std::uint64_t Ept::leaf(std::uint64_t gpa) const {
    std::uint64_t table = root_;
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
