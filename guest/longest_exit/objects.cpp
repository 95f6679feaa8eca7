#include "guest/longest_exit/objects.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/monitor_call.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

#include <array>

namespace guest::longest_exit {
namespace {

/// Memory that is left to the kernel.
constexpr std::uint64_t kept_bytes = 4 << 20;
constexpr std::uint32_t most_tables = 8192;
/// How many tables there can be, by their level.
constexpr std::array<std::uint32_t, pte::levels + 1> limits{0, most_tables, 2048, 1024, 512};

struct Tables {
    std::uint32_t count;
    std::array<std::uint32_t, most_tables> frame;
};

struct {
    std::uint64_t first_hot;
    std::uint64_t pages; ///< pages from the first hot one on that are the case's
    std::array<Tables, pte::levels + 1> tables;
} state;

std::uint64_t allocate_hot_pages() {
    std::uint64_t first = pages::allocate();
    std::uint64_t last = first;
    while (last - first < (hot_pages - 1) * page_size) {
        const std::uint64_t next = pages::allocate();
        if (next != last + page_size)
            first = next;
        last = next;
    }
    return first;
}

/// The kernel's GDT gets an LDT as large as can be, and its copy in the hot pages has it, too.
void prepare_descriptor_tables() {
    const Cpu& cpu = this_cpu();
    const SystemDescriptor ldt = system_descriptor(to_linear(objects::hot_page(0)),
                                                   largest_descriptor_table - 1, system_type_ldt);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, ldt.high);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, ldt.low);
    auto* const copy = linear_pointer<std::uint64_t>(objects::hot_page(first_gdt_page));
    for (std::uint32_t slot = 0; slot < gdt_slots; ++slot)
        copy[slot] = cpu.gdt[slot];
}

std::uint64_t page_of_case(std::uint32_t position) {
    return state.first_hot + position % state.pages * page_size;
}

std::uint64_t hot_leaf(const Filling& filling) {
    const std::uint64_t page = objects::hot_page(filling.first);
    switch (filling.content) {
    case Content::hot_clean:
        return page | (pte::read_write & ~pte::dirty);
    case Content::hot_read_only:
        return page | pte::read_only;
    case Content::hot_unused:
        return page | (pte::read_write & ~(pte::dirty | pte::accessed));
    default:
        return page | pte::read_write;
    }
}

std::uint64_t link(std::uint64_t table) { return table != 0 ? table | pte::to_table : 0; }

std::uint64_t large_page(const Filling& filling, std::uint32_t position) {
    const std::uint64_t size = std::uint64_t{1} << pte::shift(filling.level);
    const std::uint64_t first = state.first_hot / size * size;
    const std::uint64_t address = (first + position * size) % linear_map_size;
    return address | pte::read_write | pte::large;
}

std::uint64_t leaf_value(const Filling& filling, std::uint64_t page, std::uint32_t position) {
    switch (filling.content) {
    case Content::hot_area:
        return objects::hot_page(filling.first + position) | pte::read_write;
    case Content::pages:
    case Content::large:
        return page_of_case(position) | pte::read_write;
    case Content::supervisor:
        return page_of_case(position) | pte::read_only;
    case Content::lower_tables:
        return objects::table(1, filling.first + position) | pte::read_write;
    case Content::one_table:
        return objects::table(1 + filling.first % pte::levels, filling.first) | pte::read_write;
    case Content::any_tables:
        return objects::table(1 + position % pte::levels, position / pte::levels) | pte::read_write;
    case Content::itself:
        return page | pte::read_write;
    default:
        return hot_leaf(filling);
    }
}

std::uint64_t link_value(const Filling& filling, std::uint64_t page, std::uint32_t position) {
    const std::uint32_t lower = filling.level - 1;
    switch (filling.content) {
    case Content::hot_area:
        return link(objects::hot_page(filling.first + position));
    case Content::pages:
        return link(page_of_case(position));
    case Content::large:
        if (filling.level < pte::levels)
            return large_page(filling, position);
        [[fallthrough]];
    case Content::lower_tables:
        return link(objects::table(lower, filling.first + position));
    case Content::supervisor:
        return link(objects::table(lower, filling.first + position)) & ~pte::user;
    case Content::one_table:
        return link(objects::table(lower, filling.first));
    case Content::any_tables:
        return link(objects::table(1 + position % pte::levels, position / pte::levels));
    case Content::itself:
        return link(page);
    default:
        return link(objects::hot_page(filling.first));
    }
}

} // namespace

std::string_view name(Content content) {
    static constexpr std::array<std::string_view, contents> names{
        "empty", "hot",       "hot-clean", "hot-read-only", "hot-unused", "hot-area",   "pages",
        "lower", "one-lower", "any-level", "itself",        "large",      "supervisor", "mixture"};
    return names[static_cast<std::size_t>(content)];
}

std::uint64_t entry_value(const Filling& filling, std::uint64_t page, std::uint32_t number,
                          std::uint32_t slot) {
    const std::uint32_t position = number * own_entries(filling.level) + slot;
    Filling one = filling;
    if (one.content == Content::mixture)
        one.content = static_cast<Content>((filling.first + slot / 3) % (contents - 1));
    if (one.content == Content::empty)
        return 0;
    return one.level == 1 ? leaf_value(one, page, position) : link_value(one, page, position);
}

void objects::prepare() {
    state.first_hot = allocate_hot_pages();
    state.pages = hot_pages + pages::untouched_bytes() / page_size;
    const std::uint64_t most = (linear_map_size - state.first_hot) / page_size;
    state.pages = state.pages < most ? state.pages : most;
    prepare_descriptor_tables();
}

std::uint64_t objects::hot_page(std::uint32_t index) {
    return state.first_hot + index % hot_pages * page_size;
}

std::uint32_t objects::tables(std::uint32_t level) { return state.tables[level].count; }

std::uint64_t objects::table(std::uint32_t level, std::uint32_t index) {
    const Tables& tables = state.tables[level];
    return tables.count != 0 ? tables.frame[index % tables.count] * page_size : 0;
}

std::uint64_t objects::recent_table(std::uint32_t level, std::uint32_t index) {
    const std::uint32_t count = tables(level);
    return count != 0 ? table(level, count - 1 - index % count) : 0;
}

std::uint64_t objects::announce(std::uint64_t page, std::uint32_t level) {
    if (!paravirt::bound())
        return 0;
    const auto options = abi::AllocateOptions::make(abi::page_level_flag(level), 0, 0);
    return paravirt::vmcall(abi::Call::allocate_page, page / page_size, 0, options.encode());
}

bool objects::make_table(const Filling& filling, std::uint32_t number, bool announced) {
    Tables& tables = state.tables[filling.level];
    if (tables.count == limits[filling.level] || pages::untouched_bytes() < kept_bytes)
        return false;
    const std::uint64_t page = pages::allocate();
    std::uint64_t* const table = pte::table_at(page);
    for (std::uint32_t slot = 0; slot < own_entries(filling.level); ++slot)
        table[slot] = entry_value(filling, page, number, slot);
    const std::uint64_t* const kernel = pte::table_at(address_spaces::kernel().root);
    for (std::uint32_t slot = own_entries(filling.level); slot < pte::entries; ++slot)
        table[slot] = kernel[slot];
    tables.frame[tables.count++] = static_cast<std::uint32_t>(page / page_size);
    if (announced)
        (void)announce(page, filling.level);
    return true;
}

} // namespace guest::longest_exit
