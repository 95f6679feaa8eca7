#include "hypervisor/translation/shadow/table_format.h"

namespace hv {

namespace {

constexpr std::uint32_t slots_of_entry(int level) { return level == 1 ? 1 : 2; }

} // namespace

SlotRange slots_of_small_entry(std::uint32_t index, int level, std::uint8_t part) {
    const std::uint32_t count = slots_of_entry(level);
    const std::uint32_t entries = paging::entries / count;
    if (index / entries != part)
        return {0, 0};
    return {index % entries * count, count};
}

std::uint32_t index_of_small_entry(std::uint32_t slot, int level, std::uint8_t part) {
    return (part * paging::entries + slot) / slots_of_entry(level);
}

std::uint64_t widen_entry(std::uint32_t entry, int level, std::uint32_t slot,
                          bool has_large_pages) {
    if (level == 1)
        return entry;
    if (!has_large_pages)
        return entry & ~static_cast<std::uint32_t>(paging::page_size);
    if (!ThirtyTwoBitPaging::maps_page(entry, level))
        return entry;
    if ((entry & ThirtyTwoBitPaging::reserved(entry, level, {})) != 0)
        return 0;
    constexpr std::uint64_t attributes = 0x1FFF; // bit 12 is PAT in either format
    return ThirtyTwoBitPaging::page_address(entry, level) |
           std::uint64_t{slot % 2} << PaePaging::shift(level) | (entry & attributes);
}

std::uint64_t from_pae_entry(std::uint64_t entry) {
    return (entry & PaePaging::always_reserved) == 0 ? entry : 0;
}

} // namespace hv
