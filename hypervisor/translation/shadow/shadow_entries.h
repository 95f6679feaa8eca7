#pragma once
// What a shadow entry says, and the lists it is in. Every change of an entry goes through here.
//
// An entry of level 1 has the rights of the guest's entry. It is writable only if the guest's entry
// is dirty and the page it maps is not write-protected. Two lists lead from what an entry points at
// back to the entry (shadow_pool.h):
//
// - An entry of level 1 that maps the guest's RAM, and that the guest's entry makes writable, is
//   `listed`: it is in the list of its page (Frame::mappings). To write-protect a page, or to make
//   it writable again, the monitor walks that list (lock(), unlock()). Where roots may be
//   displaced, entries that are read-only are listed too, and marked `read_only`.
// - An entry above level 1 is in the list of the shadow table that it leads to
//   (ShadowTable::parents).
//
// This is the lowest of the classes that make up ShadowTables (shadow_tables.h).

#include "hypervisor/memory/frame_table.h"
#include "hypervisor/translation/shadow/shadow_pool.h"
#include "hypervisor/translation/shadow/shadow_settings.h"
#include "hypervisor/translation/stale_translations.h"
#include "shared/statistics.h"

#include <cstdint>
#include <utility>

namespace hv {

/// Groups of bits of shadow entries and of the guest's.
namespace shadow_bits {
inline constexpr std::uint64_t writable_and_dirty = paging::writable | paging::dirty;
/// Ignored by the processor: the entry is in the list of the page that it maps.
inline constexpr std::uint64_t listed = 1 << 9;
/// Ignored as well: listed although the guest's entry does not make the page writable.
inline constexpr std::uint64_t read_only = 1 << 10;
/// Ignored as well: writable although the guest's entry is not (write_override.h).
inline constexpr std::uint64_t overridden = 1 << 11;
/// Bits that an entry of the guest must have for the processor to use it without writing to it.
inline constexpr std::uint64_t usable = paging::present | paging::accessed;
inline constexpr std::uint64_t memory_type =
    paging::write_through | paging::cache_disable | paging::pat;
inline constexpr std::uint64_t copied_to_leaf = usable | paging::user | memory_type |
                                                paging::global | paging::execute_disable |
                                                paging::address_mask;
inline constexpr std::uint64_t lost_when_cleared = paging::present | paging::writable;
inline constexpr std::uint64_t lost_when_changed =
    paging::address_mask | paging::user | memory_type | paging::global;
} // namespace shadow_bits

class ShadowEntries {
  public:
    constexpr ShadowEntries() = default;
    ShadowEntries(const ShadowPool& pool, const FrameTable& frames, StaleTranslations& stale,
                  const ShadowSettings& settings);

    const PagingFeatures& features() const { return settings_.features; }

    std::uint64_t address(ShadowNumber number) const { return pool_.address(number); }
    /// The shadow table at a physical address; 0 when there is none.
    ShadowNumber at(std::uint64_t physical) const { return pool_.at(physical); }
    const ShadowTable& table(ShadowNumber number) const { return pool_.table(number); }
    /// A pinned table is never released. A root is pinned by the vCPU that it belongs to, with its
    /// cache locked; other tables by the holder of the page-table lock.
    void pin(ShadowNumber number) {
        __atomic_fetch_add(&pool_.table(number).pins, 1, __ATOMIC_RELAXED);
    }
    void unpin(ShadowNumber number) {
        __atomic_fetch_sub(&pool_.table(number).pins, 1, __ATOMIC_RELAXED);
    }

    // What bounds the work of one VM exit (docs/monitor.md, "How long a VM exit can take"). Work is
    // counted in entries that are changed or looked at.

    /// The work of a VM exit. An operation that has still more to do then stops where it can be
    /// repeated; what need not be done at all is not begun. This is more than any single step that
    /// the guest needs.
    static constexpr std::uint32_t work_per_exit = 6144;
    /// One release of a shadow table unlinks at most this many of the entries that lead to it.
    static constexpr std::uint32_t max_parents = 512;
    /// To write-protect a page, or to make it writable again, at most this many of the entries that
    /// map it are changed.
    static constexpr std::uint32_t max_mappings = 1024;
    /// Whether this exit has done all the work that it may do.
    bool is_work_spent() {
        add_work(0);
        return work_ >= work_per_exit;
    }
    /// From now on the exit may do as much as in the beginning.
    void renew_work() { work_ = 0; }

    // Write protection.

    /// How many of a page's write locks its shadow tables account for.
    std::uint32_t locks_of(const Frame& frame) const;
    /// Adds a reason why the guest may not write to the page. False if more entries map the page
    /// than one exit may change: some of them have been made absent, and the call is to be
    /// repeated.
    [[nodiscard]] bool lock(Frame& frame);
    /// Takes a reason away. Entries above max_mappings stay read-only until a store faults.
    void unlock(Frame& frame);

    /// The guest's entry at `gpa` is now `value`, in a page table that is marked
    /// frame_flags::one_leaf_shadow; `value` is absent or maps `page`, a page of the guest's RAM.
    /// This is the fast path for loops over page tables.
    void set_leaf(const Frame& table, std::uint64_t gpa, std::uint64_t value, Frame& page) {
        const EntryNumber number = table.first_shadow * shadow_slots +
                                   static_cast<std::uint32_t>(gpa % page_size / sizeof(value));
        volatile std::uint64_t& entry = pool_.entry(number);
        const std::uint64_t old = entry;
        std::uint64_t next = 0;
        if ((value & shadow_bits::usable) == shadow_bits::usable)
            next = ram_leaf(value, page);
        entry = next;
        note_change();
        if ((old & paging::present) != 0) {
            stale_->taken_by_guest((old & paging::global) != 0 ? Stale::all : Stale::non_global);
            if ((old & shadow_bits::listed) != 0)
                pool_.unlink(mapped_page(old).mappings, number);
        }
        if ((next & shadow_bits::listed) != 0)
            pool_.link(page.mappings, number);
    }

    /// Whether roots may be displaced (unaware/unaware.h).
    bool can_displace() const { return settings_.direct_map_tables != nullptr; }

    /// Checked build: whether any entry changed since the last call.
    bool take_changed() { return std::exchange(changed_, false); }

  protected:
    ShadowPool pool_;
    FrameTable frames_;
    ShadowSettings settings_;
    std::uint64_t reserved_in_leaf_ = 0; ///< bits that an entry of level 1 may not have
    StaleTranslations* stale_ = nullptr;
    abi::Statistics* statistics_ = nullptr; ///< the acting vCPU's
    bool linked_ = false; ///< a table got out of step, or was linked: DisplacedRoots::take_linked()
    bool local_apic_writable_ = true;

    // What an entry says for an entry of the guest.

    /// Where a guest-physical page frame lies in memory, if it is not the guest's RAM.
    struct HostPage {
        std::uint64_t physical;
        std::uint64_t forced; ///< bits that the entry has whatever the guest's entry says
        bool writable;
        bool there;
    };
    HostPage host_page(std::uint64_t frame, ShadowView view) const;
    /// The entry of level 1 for the guest's entry `guest`; 0 while the processor must not use it.
    std::uint64_t leaf_entry(std::uint64_t guest, ShadowView view) const;
    /// The entry of a direct table for one 4 KiB page of a large page. It grants all rights; the
    /// entries above it restrict them.
    std::uint64_t direct_leaf(std::uint64_t frame, std::uint16_t attributes, ShadowView view) const;
    /// The entry above level 1 that leads to `child`: for a guest's entry that leads to a table, or
    /// that maps a large page, of which `child` is the direct table.
    std::uint64_t table_entry(ShadowNumber child, std::uint64_t guest, int level) const;
    /// Whether a guest's entry above level 1 leads to a table, and the processor may use it.
    bool leads_to_table(std::uint64_t guest, int level) const {
        return (guest & shadow_bits::usable) == shadow_bits::usable &&
               !FourLevelPaging::maps_page(guest, level) &&
               (guest & FourLevelPaging::reserved(guest, level, settings_.features)) == 0;
    }
    /// The guest's entry for which a shadow entry stands, as it is in memory now, in the format of
    /// 4-level paging.
    std::uint64_t read_guest(const ShadowTable& table, std::uint32_t slot) const {
        if (table.format.mode != PagingMode::four_level) [[unlikely]]
            return read_legacy(table, slot);
        return direct_word<std::uint64_t>(table.frame * page_size + slot * sizeof(std::uint64_t));
    }
    /// The slots of a shadow table that stand for the guest's entries in the 8 bytes at `gpa`.
    static SlotRange slots_at(const ShadowTable& table, std::uint64_t gpa);
    bool is_pointer_table(ShadowNumber number) const {
        return (pool_.table(number).flags & shadow_flags::pointers) != 0;
    }

    // Changing and following entries.

    /// Writes an entry, moves it to the lists where it belongs, and tells the ledger which rights
    /// were lost.
    void replace(EntryNumber number, std::uint64_t value) {
        if (pool_.table(number / shadow_slots).level == 1)
            replace_leaf(number, value);
        else
            replace_link(number, value);
    }
    /// The same for an entry of level 1 / above it.
    void replace_leaf(EntryNumber number, std::uint64_t value);
    void replace_link(EntryNumber number, std::uint64_t value);
    /// The shadow table that an entry above level 1 leads to; 0 when it is absent.
    ShadowNumber child_of(EntryNumber number) const;
    /// The record of the page that an entry maps, which has the list of its mappings. It is found
    /// by where the page lies in memory, which for a displaced root is not the guest's address of
    /// it.
    Frame& mapped_page(std::uint64_t entry) const {
        return frames_.at((entry & paging::address_mask) / page_size);
    }
    /// Counts work of this exit.
    void add_work(std::uint32_t entries) {
        if (std::exchange(work_of_exit_, statistics_->exits) != statistics_->exits)
            work_ = 0;
        work_ += entries;
    }
    /// Makes entries that map the page absent, as many as this exit has time for.
    void shorten_mappings(Frame& frame);
    /// Whether more than max_mappings entries map the page.
    bool has_many_mappings(const Frame& frame) const;
    /// Marks the frame of a page table whose changes set_leaf() can follow, or takes the mark away.
    void mark_leaf_shadow(Frame& frame);
    void note_change() {
        if constexpr (checks_shadows)
            changed_ = true;
    }

  private:
    std::uint64_t work_of_exit_ = 0; ///< of which exit of the acting vCPU `work_` is the work
    std::uint32_t work_ = 0;
    bool changed_ = false; ///< kept in the checked build only

    // For a usable entry that maps a page of the guest's RAM.
    static std::uint64_t ram_leaf(std::uint64_t guest, const Frame& page) {
        constexpr std::uint64_t writing = shadow_bits::writable_and_dirty;
        const std::uint64_t entry = guest & shadow_bits::copied_to_leaf;
        if ((guest & writing) != writing)
            return entry;
        return entry | shadow_bits::listed | (page.write_locks == 0 ? writing : 0);
    }
    std::uint64_t tracked_leaf(std::uint64_t guest, const Frame& page) const;
    std::uint64_t read_legacy(const ShadowTable& table, std::uint32_t slot) const;
    std::uint64_t place_of(const Frame& page) const;
    std::uint64_t leaf_entry_of_other(std::uint64_t guest, ShadowView view) const;
    void note_lost(std::uint64_t old, std::uint64_t value, Stale what);
};

} // namespace hv
