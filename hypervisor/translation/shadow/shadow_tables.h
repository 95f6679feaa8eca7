#pragma once
// Shadow paging: the page tables that the processor really uses under profile `classic`, kept in
// step with those that the guest believes it uses (docs/shadow.md).
//
// ShadowTables is what the rest of the monitor uses. It is a chain of classes of one subject each;
// each knows only those above it in this table, which is the order in which they derive:
//
// | class          | subject                                                     | header |
// |----------------|-------------------------------------------------------------|----------------------|
// | ShadowEntries  | what an entry says, and the lists it is in                  | shadow_entries.h
// | | UnsyncedTables | page tables that the guest writes until it invalidates      |
// unsynced_tables.h    | | AsideTables    | those of them that no entry leads to for a while |
// unaware/             | | DisplacedRoots | roots that lie where the guest has its own | unaware/ |
// | ShadowTableSet | which shadow tables there are: found, made, given up        |
// shadow_table_set.h   | | Guesses        | what an unaware kernel will do next | unaware/ | |
// ShadowFill     | after a page fault                                          | shadow_fill.h | |
// ShadowTables   | following what the guest changes; the consistency checker   | this one |
//
// They share one object, so that no call goes through a pointer, and the change of an entry is
// inlined. Beside them: the memory (shadow_pool.h), settings (shadow_settings.h), and the roots
// that each vCPU has loaded (root_cache.h). What unaware/ is for, and its words: unaware/unaware.h.
//
// All of it is used with the page-table lock held, except where a declaration says otherwise.

#include "hypervisor/translation/shadow/shadow_fill.h"

#include <cstdint>

namespace hv {

class ShadowTables : public ShadowFill {
  public:
    using ShadowFill::ShadowFill;

    /// The guest's entry at `gpa` (8-byte aligned), of a page table at `frame`, is `value` now: its
    /// shadow tables follow. set_leaf() is the short form for most changes.
    void entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    /// The same for an accessed or dirty bit that the monitor itself has set.
    void note_guest_bits(Frame& frame, std::uint64_t gpa, std::uint64_t value);

    /// Whether every shadow entry is what the guest's page tables say, and every list is right;
    /// prints the first that is not. For tests and the checked build (shadow_check.cpp).
    [[nodiscard]] bool consistent() const;

  private:
    void change_table_entry(EntryNumber number, int level, std::uint64_t value);
    bool consistent_entry(ShadowNumber number, std::uint32_t slot) const;
    bool consistent_lists(std::uint64_t writable) const;
};

} // namespace hv
