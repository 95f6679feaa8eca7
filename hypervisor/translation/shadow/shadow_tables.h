#pragma once
// Shadow paging: the page tables that the processor really uses under profile `classic`, kept in
// step with those that the guest believes it uses (docs/shadow.md).
//
// ShadowTables is what the rest of the monitor uses. It consists of a chain of classes, each with
// one subject. Each class knows only those above it in this table, and derives from the one just
// above:
//
// | class          | subject                                                   | header           |
// |----------------|-----------------------------------------------------------|------------------|
// | ShadowEntries  | what an entry says, and the lists it is in                | shadow_entries   |
// | UnsyncedTables | page tables that the guest writes until it invalidates    | unsynced_tables  |
// | AsideTables    | those of them to which no entry leads for a while         | unaware/         |
// | DisplacedRoots | shadow roots at the addresses of the guest's roots        | unaware/         |
// | ShadowTableSet | which shadow tables there are: found, made, given up      | shadow_table_set |
// | PointerTables  | the roots outside IA-32e mode                             | pointer_tables   |
// | Guesses        | what an unaware kernel will do next                       | unaware/         |
// | ShadowFill     | making entries after a page fault                         | shadow_fill      |
// | WriteOverride  | stores to read-only pages while CR0.WP is clear           | write_override   |
// | ShadowTables   | following what the guest changes; the consistency checker | this one         |
//
// The classes share one object, so that no call goes through a pointer, and the change of an entry
// is inlined. Besides them there are the memory (shadow_pool.h), the settings (shadow_settings.h),
// and the roots that each vCPU has loaded (root_cache.h). unaware/unaware.h says what unaware/ is
// for, and defines its words.
//
// All of it is used with the page-table lock held, except where a declaration says otherwise.

#include "hypervisor/translation/shadow/write_override.h"

#include <cstdint>

namespace hv {

class ShadowTables : public WriteOverride {
  public:
    using WriteOverride::WriteOverride;

    /// The guest's entry at `gpa` (8-byte aligned), in the page table at `frame`, is now `value`:
    /// the shadow tables follow. set_leaf() is the short form for most changes.
    void entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    /// The same for an accessed or dirty bit that the monitor itself has set. `value` has the 8
    /// bytes at `gpa`, which under 32-bit paging are two entries.
    void note_guest_bits(Frame& frame, std::uint64_t gpa, std::uint64_t value);

    /// Whether every shadow entry is what the guest's page tables say, and every list is right.
    /// Prints the first one that is not. For tests and the checked build (shadow_check.cpp).
    [[nodiscard]] bool consistent() const;

  private:
    void change_table_entry(EntryNumber number, int level, std::uint64_t value);
    void slot_changed(ShadowNumber number, std::uint32_t slot, std::uint64_t value);
    void legacy_entries_changed(ShadowNumber number, std::uint64_t gpa);
    bool may_be_read_only(std::uint64_t entry) const;
    bool consistent_entry(ShadowNumber number, std::uint32_t slot) const;
    bool consistent_lists(std::uint64_t writable) const;
};

} // namespace hv
