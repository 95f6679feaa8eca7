#pragma once
// Page tables as a monitor sees them: pages are registered before they are linked, entries are
// written through paravirt operations, and tables are released behind their unlinking.
//
// While a lazy mode is set, what was written may not be in the tables yet: they must not be read
// where this section has written them. TableWalk keeps to that.

#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/memory/page_table_entry.h"
#include "guest/kernel/paravirt/page_table_operations.h"

#include <array>
#include <cstdint>

namespace guest {

namespace page_tables {

/// Writes an entry. An error is counted (Cpu::lazy_mode_errors).
inline void write(std::uint64_t* entry, std::uint64_t value) {
    const std::uint32_t error = paravirt::set_pxe_checked(value, entry);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
}

/// Physical address of a new, empty, registered table. The caller links it.
std::uint64_t allocate(std::uint32_t level);

/// A new root with the kernel half of `kernel_root`.
std::uint64_t allocate_root(std::uint64_t kernel_root);

/// Registers a page that is filled already.
void adopt(std::uint64_t table, std::uint32_t level);

/// The entry that maps `linear` in the tables of `root`: of level 1, or one that is not present or
/// maps a large page. What is queued is not in it.
std::uint64_t* find(std::uint64_t root, std::uint64_t linear);

} // namespace page_tables

/// Finds the level-1 entries of rising addresses of one address space, within one lazy section.
class TableWalk {
  public:
    explicit TableWalk(std::uint64_t root) { table_[pte::levels] = root; }

    /// The entry of `linear`, not below the one before it; null if there is no table for it.
    std::uint64_t* entry(std::uint64_t linear) {
        return same_page_table(linear) || descend(linear, 1, false) ? entry_in(linear, 1) : nullptr;
    }
    /// The same; makes the tables there are not.
    std::uint64_t* make_entry(std::uint64_t linear) {
        return same_page_table(linear) ? entry_in(linear, 1) : make_table_entry(linear, 1);
    }
    /// The same for the entry in the table at `level`.
    std::uint64_t* make_table_entry(std::uint64_t linear, std::uint32_t level);

  private:
    bool descend(std::uint64_t linear, std::uint32_t end, bool make);

    bool same_page_table(std::uint64_t linear) const {
        return table_[1] != 0 && (linear ^ linear_) < pte::large_page_size;
    }
    std::uint64_t* entry_in(std::uint64_t linear, std::uint32_t level) const {
        return &pte::table_at(table_[level])[pte::index_of(linear, level)];
    }

    std::array<std::uint64_t, pte::levels + 1> table_{}; ///< by level; 0: none
    std::uint64_t linear_ = 0;
};

/// Tables that were released, and so may be written again only once that has been executed.
class ReleasedTables {
  public:
    explicit ReleasedTables(LazySection& section) : section_(section) {}
    ~ReleasedTables() { free_all(); }
    ReleasedTables(const ReleasedTables&) = delete;
    ReleasedTables& operator=(const ReleasedTables&) = delete;

    /// Releases a table to which nothing leads any more.
    void release(std::uint64_t table, std::uint32_t level);

  private:
    void free_all();

    LazySection& section_;
    std::array<std::uint64_t, 64> page_;
    std::uint32_t count_ = 0;
};

} // namespace guest
