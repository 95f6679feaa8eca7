#pragma once
// Tables out of step ("unsynced"): page tables of level 1 that the guest writes without an exit, as
// it may until it invalidates (SDM vol. 3, 4.10.4). This is the baseline for a guest that does not
// call the ROM.
//
// The shadow table of such a page table stays as it was. A copy of the page table, as it was then,
// is kept in another table of the pool (ShadowTable::copy). A page table of 32-bit paging has two
// shadow tables, and each gets out of step with a copy of its own (unsynced_copy.h). Comparing the
// page table with the copy shows what the guest has changed. To *sync* an entry or a table means to
// apply such changes to the copy and to the shadow table. That is done at INVLPG for one entry, at
// a load of CR3 for all tables below the new root, and before an entry is made to lead to the
// table. If several syncs of a table in a row find no change, it is write-protected again, and is
// in step from then on.

#include "hypervisor/translation/shadow/shadow_entries.h"

#include <cstdint>

namespace hv {

class UnsyncedTables : public ShadowEntries {
  public:
    using ShadowEntries::ShadowEntries;

    /// Whether there is a table out of step. May be asked without the page-table lock.
    bool has_unsynced() const { return __atomic_load_n(&first_unsynced_, __ATOMIC_RELAXED) != 0; }
    /// Whether a store to the page may be let through, by leaving its table out of step or by
    /// dropping its shadow tables (ShadowTableSet::unsync).
    bool can_unsync(const Frame& frame) const;
    /// INVLPG: syncs the one entry that maps `linear` below `root`.
    void sync_address(ShadowNumber root, std::uint64_t linear);
    /// A load of CR3: syncs all tables below `root` (0: all there are), and write-protects those
    /// that have not changed for a while. False if this exit has no time for all of them: to be
    /// repeated.
    [[nodiscard]] bool sync(ShadowNumber root);

  protected:
    static constexpr std::uint32_t max_unsynced = 32;
    static_assert(2 * max_unsynced < min_shadow_tables);
    /// How many tables the searches of one operation look at before they give up.
    static constexpr std::uint32_t max_tables_searched = 1024;

    /// Head of the list by ShadowTable::next_unsynced, the newest first.
    ShadowNumber first_unsynced_ = 0;
    std::uint32_t unsynced_ = 0; ///< how many there are, at most max_unsynced

    /// Puts a shadow table that is in step into the list; `copy` is a free table of the pool.
    void add_unsynced(ShadowNumber number, ShadowNumber copy);
    /// Takes a shadow table out of the list and frees its copy.
    void forget_unsynced(ShadowNumber number);
    /// Syncs a table, and counts the work. Returns whether anything had changed.
    bool sync_table(ShadowNumber number);
    /// Syncs shadow table `number`, and all below it. False if this exit has no time for all.
    [[nodiscard]] bool sync_below(ShadowNumber number);
    /// Whether table `number` can be reached from `root`, which is of a higher level. A guest can
    /// build a very large number of paths to a table, so after `budget` tables the answer is yes.
    /// That is always safe, and costs one comparison that may not have been needed. `budget` is
    /// what is left of max_tables_searched.
    bool is_below(ShadowNumber number, ShadowNumber root, std::uint32_t& budget) const;

  private:
    void sync_slot(ShadowNumber number, std::uint32_t slot);
};

} // namespace hv
