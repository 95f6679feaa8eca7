#include "hypervisor/translation/step_pages.h"

namespace hv {

namespace {

// Of page tables and of EPT alike (SDM vol. 3, tables 4-15 to 4-20 and 29-1 to 29-7).
constexpr std::uint64_t present = 1 << 0; ///< EPT: may be read
constexpr std::uint64_t writable = 1 << 1;
constexpr std::uint64_t large_page = 1 << 7;
constexpr std::uint64_t address_mask = 0x000FFFFFFFFFF000;

} // namespace

std::uint64_t copy_way(StepPages& pages, std::uint64_t root, std::uint64_t address,
                       std::uint64_t leaf_bits) {
    std::uint64_t from = root;
    for (std::uint32_t depth = 0; depth < pages.table.size(); ++depth) {
        auto& copy = pages.table[depth];
        for (std::uint32_t slot = 0; slot < copy.size(); ++slot)
            copy[slot] = direct_word<std::uint64_t>(from + slot * sizeof(std::uint64_t));
        std::uint64_t& entry = copy[address >> (39 - 9 * depth) & 0x1FF];
        const bool last = depth + 1 == pages.table.size();
        if ((entry & present) == 0 || (!last && (entry & large_page) != 0))
            return 0;
        from = entry & address_mask;
        const void* const next =
            last ? static_cast<const void*>(pages.image.data()) : pages.table[depth + 1].data();
        entry = (entry & ~address_mask) | direct_physical(next) | writable | (last ? leaf_bits : 0);
    }
    return direct_physical(pages.table[0].data());
}

} // namespace hv
