#include "hypervisor/translation/step_pages.h"

#include "hypervisor/memory/page_table_editor.h"

namespace hv {

namespace {

// The same bits in page tables and in EPT (SDM vol. 3, tables 4-15 to 4-20 and 29-1 to 29-7).
constexpr std::uint64_t present = paging::present; ///< EPT: may be read
constexpr std::uint64_t writable = paging::writable;

// The tables of the path of page `index` of a step. Where it runs with that of the first page, it
// uses the same copies. `levels` of the array are used.
std::array<std::uint64_t, FourLevelPaging::levels>
tables_of_path(StepPages& pages, std::span<const SteppedPage> stepped, std::size_t index,
               int levels) {
    std::array<std::uint64_t, FourLevelPaging::levels> tables{direct_physical(pages.root.data())};
    bool is_shared = true;
    for (std::size_t depth = 1; depth < static_cast<std::size_t>(levels); ++depth) {
        const int level_above = levels - static_cast<int>(depth) + 1;
        is_shared = is_shared && FourLevelPaging::index(stepped[index].address, level_above) ==
                                     FourLevelPaging::index(stepped[0].address, level_above);
        tables[depth] = direct_physical(pages.path[is_shared ? 0 : index][depth - 1].data());
    }
    return tables;
}

} // namespace

std::uint64_t lead_to_images(StepPages& pages, PathRoot root, std::span<const SteppedPage> stepped,
                             std::uint64_t leaf_bits) {
    for (std::size_t index = 0; index < stepped.size(); ++index) {
        const auto tables = tables_of_path(pages, stepped, index, root.level);
        const std::uint64_t address = stepped[index].address;
        const std::uint64_t last = copy_path(index == 0 ? root.address : tables[0], address,
                                             {tables.data(), static_cast<std::size_t>(root.level)});
        if (last == 0)
            return 0;
        volatile std::uint64_t& entry = direct_word<std::uint64_t>(last);
        if ((entry & present) == 0)
            return 0;
        entry = (entry & ~paging::address_mask) |
                direct_physical(pages.images[stepped[index].image].now.data()) | leaf_bits;
        const bool has_pointers = root.level == PaePaging::levels;
        for (int level = has_pointers ? root.level - 1 : root.level; level >= 1; --level) {
            const auto depth = static_cast<std::size_t>(root.level - level);
            volatile std::uint64_t& step =
                direct_word<std::uint64_t>(place_in(tables[depth], address, level).address);
            step = step | writable;
        }
    }
    return direct_physical(pages.root.data());
}

void forbid_fetches(StepPages& pages) {
    for (std::uint64_t& entry : pages.root)
        if ((entry & present) != 0)
            entry |= paging::execute_disable;
}

} // namespace hv
