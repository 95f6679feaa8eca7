#pragma once
// Page tables as a monitor sees them: pages are registered before they are linked, entries are
// written through paravirt operations, and page tables are released after they have been unlinked.
//
// While a lazy mode is set, writes may not have reached the page tables yet, so an entry that this
// section has written must not be read. TableWalk keeps to that.

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

/// Returns the physical address of a new, empty, registered paging structure for `level`. The
/// caller links it.
std::uint64_t allocate(std::uint32_t level);

/// Returns the physical address of a new root with the kernel half of `kernel_root`.
std::uint64_t allocate_root(std::uint64_t kernel_root);

/// Registers a page that is filled already as a paging structure of `level`.
void adopt(std::uint64_t table, std::uint32_t level);

/// Finds the entry that maps `linear` in the page tables of `root`: one of level 1, or a higher one
/// that is not present or maps a large page. Queued writes are not visible in it.
std::uint64_t* find(std::uint64_t root, std::uint64_t linear);

} // namespace page_tables

/// Finds the level-1 entries of ascending addresses of one address space, within one lazy section.
class TableWalk {
  public:
    explicit TableWalk(std::uint64_t root) { table_[pte::levels] = root; }

    /// Returns the entry of `linear`, or null if there is no page table for it. Addresses must
    /// ascend from call to call.
    std::uint64_t* entry(std::uint64_t linear) {
        return same_page_table(linear) || descend(linear, 1, false) ? entry_in(linear, 1) : nullptr;
    }
    /// The same, but makes the page tables that are missing.
    std::uint64_t* make_entry(std::uint64_t linear) {
        return same_page_table(linear) ? entry_in(linear, 1) : make_table_entry(linear, 1);
    }
    /// The same for the entry in the paging structure at `level`.
    std::uint64_t* make_table_entry(std::uint64_t linear, std::uint32_t level);

  private:
    bool descend(std::uint64_t linear, std::uint32_t end, bool make);

    bool same_page_table(std::uint64_t linear) const {
        return table_[1] != 0 && (linear ^ linear_) < pte::large_page_size;
    }
    std::uint64_t* entry_in(std::uint64_t linear, std::uint32_t level) const {
        return &pte::table_at(table_[level])[pte::index_of(linear, level)];
    }

    std::array<std::uint64_t, pte::levels + 1> table_{}; ///< physical addresses by level; 0: none
    std::uint64_t linear_ = 0;
};

/// Page tables whose release may still be queued: their pages may be reused only once it has been
/// executed.
class ReleasedTables {
  public:
    explicit ReleasedTables(LazySection& section) : section_(section) {}
    ~ReleasedTables() { free_all(); }
    ReleasedTables(const ReleasedTables&) = delete;
    ReleasedTables& operator=(const ReleasedTables&) = delete;

    /// Releases a paging structure that no entry references.
    void release(std::uint64_t table, std::uint32_t level);

  private:
    void free_all();

    LazySection& section_;
    std::array<std::uint64_t, 64> page_;
    std::uint32_t count_ = 0;
};

} // namespace guest
