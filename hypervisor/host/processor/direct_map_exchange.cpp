#include "hypervisor/host/processor/direct_map_exchange.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/guest_walk.h"

namespace hv::cpu {

namespace {

constexpr std::uint64_t entries = 512;
constexpr int directory_level = 2;

volatile std::uint64_t& entry_of(std::uint64_t table, std::uint64_t linear, int level) {
    const std::uint64_t slot = linear >> (12 + 9 * (level - 1)) & (entries - 1);
    return direct_word<std::uint64_t>(table + slot * sizeof(std::uint64_t));
}

// Translations cached of the 2 MiB page stay right: the table says the same.
bool split(volatile std::uint64_t& directory_entry, PageAllocator& tables) {
    const std::uint64_t large = directory_entry;
    const std::uint64_t table = tables.take();
    if (table == 0)
        return false;
    const std::uint64_t bits = large & ~paging::address_mask & ~paging::page_size;
    for (std::uint64_t slot = 0; slot < entries; ++slot)
        direct_word<std::uint64_t>(table + slot * sizeof(std::uint64_t)) =
            ((large & paging::address_mask) + slot * page_size) | bits;
    directory_entry = table | paging::present | paging::writable;
    return true;
}

// The entry that maps a page of the direct map; null when its 2 MiB mapping cannot be split.
volatile std::uint64_t* page_entry(std::uint64_t linear, PageAllocator& tables) {
    std::uint64_t table = read_cr3() & paging::address_mask;
    for (int level = FourLevelPaging::levels; level > directory_level; --level)
        table = entry_of(table, linear, level) & paging::address_mask;
    volatile std::uint64_t& directory_entry = entry_of(table, linear, directory_level);
    if ((directory_entry & paging::page_size) != 0 && !split(directory_entry, tables))
        return nullptr;
    return &entry_of(directory_entry & paging::address_mask, linear, 1);
}

void invalidate(std::uint64_t linear) { asm volatile("invlpg (%0)" : : "r"(linear) : "memory"); }

} // namespace

bool exchange_in_direct_map(std::uint64_t first, std::uint64_t second, PageAllocator& tables) {
    const std::uint64_t first_linear = direct_map_base + first;
    const std::uint64_t second_linear = direct_map_base + second;
    volatile std::uint64_t* const first_entry = page_entry(first_linear, tables);
    volatile std::uint64_t* const second_entry = page_entry(second_linear, tables);
    if (first_entry == nullptr || second_entry == nullptr)
        return false;
    const std::uint64_t shown = *first_entry;
    *first_entry = *second_entry;
    *second_entry = shown;
    invalidate(first_linear);
    invalidate(second_linear);
    return true;
}

} // namespace hv::cpu
