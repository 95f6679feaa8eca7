#include "hypervisor/host/processor/direct_map_exchange.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/memory/page_table_editor.h"

namespace hv::cpu {

namespace {

void invalidate(std::uint64_t linear) { asm volatile("invlpg (%0)" : : "r"(linear) : "memory"); }

} // namespace

bool exchange_in_direct_map(std::uint64_t first, std::uint64_t second, PageAllocator& tables) {
    const PageTableEditor<MonitorPaging> editor{read_cr3() & paging::address_mask};
    const std::uint64_t first_linear = direct_map_base + first;
    const std::uint64_t second_linear = direct_map_base + second;
    // A split leaves the cached translations of the 2 MiB page right: the new table says the same.
    const std::uint64_t first_entry = editor.make(first_linear, 1, tables);
    const std::uint64_t second_entry = editor.make(second_linear, 1, tables);
    if (first_entry == 0 || second_entry == 0)
        return false;
    const std::uint64_t shown_by_first = direct_word<std::uint64_t>(first_entry);
    const std::uint64_t shown_by_second = direct_word<std::uint64_t>(second_entry);
    direct_word<std::uint64_t>(first_entry) = shown_by_second;
    direct_word<std::uint64_t>(second_entry) = shown_by_first;
    invalidate(first_linear);
    invalidate(second_linear);
    return true;
}

} // namespace hv::cpu
