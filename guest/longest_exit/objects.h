#pragma once
// What a case works on: page tables of its own at each level, and a few pages that very many
// entries may lead to. All of it is memory of the case, so whatever is stored there hurts nobody
// else.

#include "guest/kernel/memory/page_table_entry.h"

#include <cstdint>
#include <string_view>

namespace guest::longest_exit {

/// Pages that lie one after the other. The first half is empty: as good for an LDT or a page table.
/// The second half is a GDT of the largest size, as good as the kernel's.
inline constexpr std::uint32_t hot_pages = 32;
inline constexpr std::uint32_t first_gdt_page = 16;
inline constexpr std::uint32_t largest_descriptor_table = first_gdt_page * page_size;

/// What a page table is filled with.
enum class Content : std::uint8_t {
    empty = 0,
    hot,           ///< every entry leads to one hot page; at level 1 writable and dirty
    hot_clean,     ///< the same, but not dirty
    hot_read_only, ///< the same, but not writable
    hot_unused,    ///< the same, but not accessed
    hot_area,      ///< the hot pages in turn
    pages,         ///< all memory of cases, page after page
    lower_tables,  ///< page tables of the level below, one after the other
    one_table,     ///< one page table of the level below
    any_tables,    ///< page tables of all levels in turn
    itself,
    large,      ///< large pages; at level 4 as lower_tables
    supervisor, ///< as lower_tables, but not for ring 3; at level 1 read-only pages
    mixture,    ///< all of these
};
inline constexpr std::uint32_t contents = 14;
std::string_view name(Content content);

/// The contents of a group of page tables, which are numbered from 0.
struct Filling {
    Content content;
    std::uint32_t level;
    std::uint32_t first; ///< which hot page or lower table comes first
};

/// The entry in slot `slot` of table number `number`, which is the page `page`.
std::uint64_t entry_value(const Filling& filling, std::uint64_t page, std::uint32_t number,
                          std::uint32_t slot);

/// Entries of the user half; those above lead to the kernel in every root.
constexpr std::uint32_t own_entries(std::uint32_t level) {
    return level == pte::levels ? pte::first_kernel_entry : pte::entries;
}

namespace objects {

/// Once, before a case.
void prepare();

std::uint64_t hot_page(std::uint32_t index); ///< its physical address

std::uint32_t tables(std::uint32_t level); ///< how many there are
/// The physical address of a page table, whatever the index; 0 if there is none at this level.
std::uint64_t table(std::uint32_t level, std::uint32_t index);
/// The same, but 0 is the last one that was made, 1 the one before it, and so on.
std::uint64_t recent_table(std::uint32_t level, std::uint32_t index);

/// Makes page table number `number` of a group. Returns false if there is no room.
bool make_table(const Filling& filling, std::uint32_t number, bool announced);

/// AllocatePage of a page of a case, whatever it holds. Returns the monitor's answer.
std::uint64_t announce(std::uint64_t page, std::uint32_t level);

} // namespace objects
} // namespace guest::longest_exit
