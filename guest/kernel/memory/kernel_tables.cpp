// The kernel's own page tables: no page of the linear map is both writable and executable. They are
// built once the call sites are patched, because patching writes to the kernel's text.

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"
#include "shared/guest_physical_layout.h"

extern "C" {
extern const char kernel_text[];
extern const char kernel_text_end[];
extern const char kernel_rodata[];
extern const char kernel_rodata_end[];
extern const char kernel_end[];
}

namespace guest {
namespace {

std::uint64_t physical(const char* symbol) { return to_physical(address_of(symbol)); }

bool within(std::uint64_t page, std::uint64_t begin, std::uint64_t end) {
    return page >= begin && page < end;
}

/// Access rights of a page of the linear map; ring 3 has none.
std::uint64_t rights_of(std::uint64_t page) {
    if (within(page, physical(kernel_text), physical(kernel_text_end)) ||
        within(page, abi::rom_scan_begin, abi::vcpu_area_base))
        return pte::read_execute;
    if (within(page, physical(kernel_rodata), physical(kernel_rodata_end)) ||
        page == abi::statistics_base)
        return pte::read_only;
    return pte::read_write;
}

/// Whether [begin, begin + 2 MiB) has pages with different access rights, or pages that must not be
/// mapped.
bool needs_page_table(std::uint64_t begin) {
    return begin == 0 ||
           start_information::overlaps_reserved(begin, begin + pte::large_page_size) ||
           begin < (physical(kernel_end) & ~(pte::large_page_size - 1)) + pte::large_page_size;
}

std::uint64_t page_table(std::uint64_t begin) {
    const std::uint64_t table = pages::allocate();
    for (std::uint32_t i = 0; i < pte::entries; ++i) {
        const std::uint64_t page = begin + i * page_size;
        if (!start_information::overlaps_reserved(page, page + page_size))
            pte::table_at(table)[i] = page | rights_of(page) | pte::global;
    }
    page_tables::adopt(table, 1);
    return table;
}

std::uint64_t page_directory() {
    const std::uint64_t table = pages::allocate();
    for (std::uint32_t i = 0; i < pte::entries; ++i) {
        const std::uint64_t begin = i * pte::large_page_size;
        pte::table_at(table)[i] = needs_page_table(begin)
                                      ? page_table(begin) | pte::to_table
                                      : begin | pte::read_write | pte::large | pte::global;
    }
    page_tables::adopt(table, 2);
    return table;
}

/// Makes a paging structure whose single entry references `lower`, one level down towards the
/// linear map.
std::uint64_t table_above(std::uint64_t lower, std::uint32_t level) {
    const std::uint64_t table = pages::allocate();
    pte::table_at(table)[pte::index_of(kernel_base, level)] = lower | pte::to_table;
    page_tables::adopt(table, level);
    return table;
}
static_assert(linear_map_size == pte::entries * pte::large_page_size);

/// Each processor states the linear mapping for itself, because the ROM keeps it in the per-vCPU
/// area.
void state_linear_mapping() {
    constexpr std::uint64_t slot = 0;
    if (paravirt::set_linear_mapping(slot, kernel_base, linear_map_size / page_size, 0) != 0)
        panic("SetLinearMapping was refused");
}

} // namespace

void address_spaces::enter_kernel_tables_again() {
    state_linear_mapping();
    load(kernel().root);
}

void address_spaces::enter_kernel_tables() {
    state_linear_mapping();
    kernel().root = table_above(table_above(page_directory(), 3), 4);
    this_cpu().main->root = kernel().root;
    load(kernel().root);
    // The boot tables' translations were global.
    const std::uint64_t cr4 = paravirt::get_cr4();
    paravirt::set_cr4(cr4 & ~cr4_pge);
    paravirt::set_cr4(cr4);
}

} // namespace guest
