#include "hypervisor/translation/step_pages.h"

#include "hypervisor/memory/page_table_editor.h"

namespace hv {

namespace {

// The same bits in page tables and in EPT (SDM vol. 3, tables 4-15 to 4-20 and 29-1 to 29-7).
constexpr std::uint64_t present = paging::present; ///< EPT: may be read
constexpr std::uint64_t writable = paging::writable;

} // namespace

std::uint64_t lead_to_image(StepPages& pages, std::uint64_t root, std::uint64_t address,
                            std::uint64_t leaf_bits) {
    std::array<std::uint64_t, FourLevelPaging::levels> copies{};
    for (std::size_t depth = 0; depth < copies.size(); ++depth)
        copies[depth] = direct_physical(pages.table[depth].data());
    const std::uint64_t last = copy_path(root, address, copies);
    if (last == 0)
        return 0;
    volatile std::uint64_t& entry = direct_word<std::uint64_t>(last);
    if ((entry & present) == 0)
        return 0;
    entry = (entry & ~paging::address_mask) | direct_physical(pages.image.data()) | leaf_bits;
    for (int level = FourLevelPaging::levels; level >= 1; --level) {
        const auto depth = static_cast<std::size_t>(FourLevelPaging::levels - level);
        volatile std::uint64_t& step =
            direct_word<std::uint64_t>(place_in(copies[depth], address, level).address);
        step = step | writable;
    }
    return copies[0];
}

} // namespace hv
