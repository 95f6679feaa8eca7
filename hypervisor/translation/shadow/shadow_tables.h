#pragma once
// Shadow paging: the page tables the processor really uses under profile `classic`, kept in step
// with those the guest believes it uses (docs/shadow.md).
//
// One shadow table stands for one table of the guest at one level (or for one large page). Its
// entries have the guest's rights; a leaf may be written only if the guest's entry is dirty and the
// page is not write-protected. A guest's table is write-protected while it has a shadow, so that
// every change is seen; but for level-1 tables that are `unsynced`, whose changes take effect when
// the guest invalidates (unsynced_tables.cpp).

#include "hypervisor/memory/frame_table.h"
#include "hypervisor/memory/page_allocator.h"
#include "hypervisor/memory/paging_walk.h"
#include "hypervisor/translation/shadow/root_cache.h"
#include "hypervisor/translation/shadow/shadow_pool.h"
#include "hypervisor/translation/stale_translations.h"
#include "shared/processors.h"
#include "shared/statistics.h"
#include "shared/vcpu_area.h"

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace hv {

/// Guest-physical pages below 1 MiB behind which the monitor puts its own (guest_physical_map.h).
struct MonitorPages {
    PhysicalRange guest; ///< guest-physical
    std::uint64_t physical = 0;
    /// Not 0: each vCPU sees its own; those of vCPU n lie n times this further on.
    std::uint64_t stride = 0;
    bool writable = false;
    bool executable = false;
};

/// What shadow tables need to know of the machine.
struct ShadowSettings {
    PagingFeatures features;
    std::uint64_t memory_end = 0; ///< no guest-physical address from here on leads anywhere
    PhysicalRange monitor;        ///< mapped for no guest
    std::array<MonitorPages, 3> monitor_pages{};
    /// Of an unaware kernel on one vCPU, whose roots may be displaced: for tables of the direct
    /// map. Null: none are.
    PageAllocator* direct_map_tables = nullptr;
    /// The kernel announces nothing: what it will do next is guessed (guesses.cpp).
    bool guesses = false;
};

/// The least there must be for take() always to find something, on one vCPU and on several: each
/// pins the root it runs on, the published ones, and one that it is about to load.
inline constexpr std::uint32_t min_shadow_tables = 128;
constexpr std::uint32_t min_shadow_tables_of(std::uint32_t vcpus) {
    return min_shadow_tables + (vcpus - 1) * (abi::root_pairs + 2);
}

/// The checked build of the monitor compares all shadow tables with the guest's after each exit
/// that changed any.
#ifdef LAZYHV_CHECK_SHADOWS
inline constexpr bool checks_shadows = true;
#else
inline constexpr bool checks_shadows = false;
#endif

/// Groups of bits of shadow entries and of the guest's.
namespace shadow_bits {
inline constexpr std::uint64_t writable_and_dirty = paging::writable | paging::dirty;
/// Ignored by the processor: the guest's entry is writable and dirty, and the shadow is in the list
/// of the page it maps.
inline constexpr std::uint64_t listed = 1 << 9;
/// Ignored as well: listed although the guest's entry does not make the page writable.
inline constexpr std::uint64_t read_only = 1 << 10;
/// What a guest's entry must have for the processor to use it without writing to it.
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

class ShadowTables {
  public:
    constexpr ShadowTables() = default;
    /// `memory`, `stale`, `statistics`, and the records of `frames`, must outlive this object.
    ShadowTables(const ShadowPool& pool, const FrameTable& frames, const GuestMemory& memory,
                 StaleTranslations& stale, const ShadowSettings& settings,
                 abi::Statistics& statistics);

    bool in_use() const { return statistics_ != nullptr; }

    /// On behalf of which vCPU all that follows is done; by the holder of the page tables' lock.
    void act_for(std::uint32_t vcpu, abi::Statistics& statistics) {
        if (in_use()) {
            viewer_ = view_of(vcpu);
            statistics_ = &statistics;
        }
    }
    /// The roots that vCPU `number` has in its cache are forgotten there before they are released.
    void set_root_cache(std::uint32_t number, RootCache& cache) { root_caches_[number] = &cache; }

    /// EFER.NXE has changed what entries mean: drops everything.
    void set_features(const PagingFeatures& features);
    const PagingFeatures& features() const { return settings_.features; }

    // Roots.

    /// The acting vCPU's shadow of the guest's root at `frame`, made if there is none. The frame
    /// must be RAM.
    ShadowNumber root(std::uint64_t frame);
    std::uint64_t address(ShadowNumber number) const { return pool_.address(number); }
    /// The shadow table at a physical address; 0 when there is none.
    ShadowNumber at(std::uint64_t physical) const { return pool_.at(physical); }
    const ShadowTable& table(ShadowNumber number) const { return pool_.table(number); }
    /// A pinned table is never released. A root is pinned by the vCPU it belongs to, with its cache
    /// locked; other tables by the holder of the page tables' lock.
    void pin(ShadowNumber number) {
        __atomic_fetch_add(&pool_.table(number).pins, 1, __ATOMIC_RELAXED);
    }
    void unpin(ShadowNumber number) {
        __atomic_fetch_sub(&pool_.table(number).pins, 1, __ATOMIC_RELAXED);
    }

    // Displaced roots (displaced_roots.cpp).

    bool can_displace() const { return settings_.direct_map_tables != nullptr; }
    bool is_displaced(ShadowNumber root) const {
        return (pool_.table(root).flags & shadow_flags::displaced) != 0;
    }
    /// Counts a load that exited; whether the root should be displaced by now.
    bool count_load(ShadowNumber root);
    /// Puts the shadow in the place of the guest's root; false when it must stay where it is. It is
    /// pinned until it is restored.
    [[nodiscard]] bool displace(ShadowNumber root);
    void restore(ShadowNumber root);
    /// Whether a table below the root is unsynced: then it may not be entered without an exit.
    bool is_out_of_step(ShadowNumber root) const;
    /// The same for up to 32 roots (0: none): a bit for each.
    std::uint32_t out_of_step(std::span<const ShadowNumber> roots) const;
    /// Whether is_out_of_step() may have become true for any root since the last call.
    bool take_linked() { return std::exchange(linked_, false); }

    // Filling, after a page fault.

    enum class Fill : std::uint8_t {
        filled,    ///< the access can be tried again
        unchanged, ///< the shadow allowed all that already: the fault is not its
        nowhere,   ///< the guest maps memory that is not there for it, or not for this access
    };
    /// Makes the shadow entries that lead to `linear`, as the guest's tables say in `walk`, which
    /// must have ended mapped, accessed and dirty bits set. `access` has bits of fault_code.
    Fill fill(ShadowNumber root, std::uint64_t linear, const PageWalk& walk, std::uint32_t access);

    // Changes of the guest's tables.

    /// The guest's entry at `gpa` (8-byte aligned) of a table at `frame` is `value` now: its
    /// shadows follow.
    void entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    /// The same for a table that is marked frame_flags::one_leaf_shadow, with an entry that is
    /// absent or maps the guest's RAM, the page `page`: what a page-table loop changes.
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
    /// As entry_changed, for an accessed or dirty bit that the monitor itself set.
    void note_guest_bits(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    /// Makes the shadow of a table that was just registered, so that no fault needs to.
    void prepare(Frame& frame);
    /// Drops those of its shadows that are out of step.
    void drop_unsynced(Frame& frame);
    /// Drops all shadows of a table.
    void drop(Frame& frame);
    /// Stores to the local APIC's page fault, or not. Drops everything when that changes.
    void set_local_apic_writable(bool writable);
    /// Drops everything: what entries mean has changed (EFER.NXE).
    void drop_all();

    // Write protection.

    /// How many of a page's write locks are those of its shadows.
    std::uint32_t locks_of(const Frame& frame) const;
    /// Adds a reason for the guest not to write the page / takes one away.
    void lock(Frame& frame);
    void unlock(Frame& frame);
    // Tables out of step (unsynced_tables.cpp).

    /// Whether a store to the page may be let through by leaving a table unsynced or dropping it.
    bool can_unsync(const Frame& frame) const;
    /// Does so: the page is writable at the next fault.
    void unsync(Frame& frame);
    /// Unlinks all unsynced tables: their changes need not be followed until they are linked again,
    /// in step (aside_tables.cpp). All translations are stale then, and must be dropped.
    void set_aside();
    /// Whether an unsynced table is linked.
    bool uses_unsynced() const;
    /// May be asked without the lock.
    bool has_unsynced() const { return __atomic_load_n(&first_unsynced_, __ATOMIC_RELAXED) != 0; }
    /// INVLPG: the one entry that maps `linear` below `root` is brought in step.
    void sync_address(ShadowNumber root, std::uint64_t linear);
    /// A load of CR3: every unsynced table below `root` (0: every one there is) is brought in step;
    /// what did not change for a while is write-protected again.
    void sync(ShadowNumber root);

    /// Checked build: whether any entry changed since the last call.
    bool take_changed() { return std::exchange(changed_, false); }
    /// Whether every shadow entry is what the guest's tables say (shadow_check.cpp); prints the
    /// first that is not.
    [[nodiscard]] bool consistent() const;

  private:
    ShadowPool pool_;
    FrameTable frames_;
    const GuestMemory* memory_ = nullptr;
    ShadowSettings settings_;
    std::uint64_t reserved_in_leaf_ = 0; ///< bits that an entry of level 1 may not have
    abi::Statistics* statistics_ = nullptr;
    std::array<ShadowNumber, 64> direct_{}; ///< hash buckets of direct tables
    ShadowNumber first_unsynced_ = 0;
    std::uint32_t unsynced_ = 0;
    ShadowNumber hand_ = 0;          ///< where reclaim goes on looking
    ShadowView viewer_ = view_of(0); ///< the acting vCPU's
    std::array<RootCache*, abi::max_vcpus> root_caches_{};
    StaleTranslations* stale_ = nullptr;
    bool linked_ = false;  ///< a table got out of step, or was linked, since take_linked()
    bool changed_ = false; ///< kept in the checked build only
    bool local_apic_writable_ = true;

    struct HostPage {
        std::uint64_t physical;
        std::uint64_t forced; ///< bits the entry gets whatever the guest's says
        bool writable;
        bool there;
    };
    HostPage host_page(std::uint64_t frame, ShadowView view) const;
    bool is_per_vcpu(std::uint64_t frame, std::uint64_t count) const;
    bool allows(std::uint64_t frame, std::uint32_t access) const;
    bool has_changed(ShadowNumber number, std::uint32_t slot, std::uint64_t walked) const;
    // The shadow of a usable entry that maps a page of the guest's RAM.
    static std::uint64_t ram_leaf(std::uint64_t guest, const Frame& page) {
        constexpr std::uint64_t writing = shadow_bits::writable_and_dirty;
        const std::uint64_t entry = guest & shadow_bits::copied_to_leaf;
        if ((guest & writing) != writing)
            return entry;
        return entry | shadow_bits::listed | (page.write_locks == 0 ? writing : 0);
    }
    void use_neighbours(ShadowNumber number, std::uint32_t slot);
    void expect_stores(Frame& frame, std::uint64_t linear);
    void expect_end(ShadowNumber number);
    bool only_child_of_user_root(ShadowNumber number) const;
    void release_below(ShadowNumber number, std::uint32_t slots);
    std::uint64_t tracked_leaf(std::uint64_t guest, const Frame& page) const;
    std::uint64_t place_of(const Frame& page) const;
    void move_mappings(Frame& from, Frame& to);
    /// The record of the page's place: it has the list of a displaced page.
    Frame& mapped_page(std::uint64_t entry) const {
        return frames_.at((entry & paging::address_mask) / page_size);
    }
    std::uint64_t leaf_entry(std::uint64_t guest, ShadowView view) const;
    std::uint64_t leaf_entry_of_other(std::uint64_t guest, ShadowView view) const;
    std::uint64_t direct_leaf(std::uint64_t frame, std::uint16_t attributes, ShadowView view) const;
    std::uint64_t table_entry(ShadowNumber child, std::uint64_t guest, int level) const;

    // Every leaf of the guest's RAM that the guest's entry makes writable is `listed`: in the list
    // of the page it maps. It is writable while that page is not write-protected. Every entry above
    // level 1 is in the list of the table it leads to.
    void replace(EntryNumber number, std::uint64_t value) {
        if (pool_.table(number / shadow_slots).level == 1)
            replace_leaf(number, value);
        else
            replace_link(number, value);
    }
    void replace_link(EntryNumber number, std::uint64_t value);
    void replace_leaf(EntryNumber number, std::uint64_t value);
    void note_change() {
        if constexpr (checks_shadows)
            changed_ = true;
    }
    void note_lost(std::uint64_t old, std::uint64_t value, Stale what);
    void mark_leaf_shadow(Frame& frame);

    ShadowNumber take();
    void reserve_for_walk();
    bool reclaim_one();
    bool release(ShadowNumber number);
    // Roots are each vCPU's own, and so is what leads to the per-vCPU area.
    static ShadowView view_in(const Frame& frame, int level, ShadowView viewer) {
        const bool own =
            level == FourLevelPaging::levels || (frame.flags & frame_flags::per_vcpu) != 0;
        return own ? viewer : shared_view;
    }
    ShadowNumber find(const Frame& frame, int level, ShadowView viewer) const;
    ShadowNumber find_in_step(const Frame& frame, int level, ShadowView viewer);
    ShadowNumber make(Frame& frame, int level, ShadowView viewer);
    void make_per_vcpu(Frame& frame);
    void separate_views(const PageWalk& walk);
    void fill_from_guest(ShadowNumber number);
    ShadowNumber find_or_make_direct(std::uint64_t frame, int level, std::uint16_t attributes,
                                     ShadowView view);
    // Whether a guest's entry above level 1 leads to a table, and the processor may use it.
    bool leads_to_table(std::uint64_t guest, int level) const {
        return (guest & shadow_bits::usable) == shadow_bits::usable &&
               !FourLevelPaging::maps_page(guest, level) &&
               (guest & FourLevelPaging::reserved(guest, level, settings_.features)) == 0;
    }
    ShadowNumber child_of(EntryNumber number) const;
    void change_table_entry(EntryNumber number, int level, std::uint64_t value);
    bool fill_large(EntryNumber number, int level, std::uint64_t linear, std::uint64_t guest);

    std::uint64_t read_guest(const ShadowTable& table, std::uint32_t slot) const;
    void sync_slot(ShadowNumber number, std::uint32_t slot);
    bool sync_table(ShadowNumber number);
    static constexpr std::uint32_t max_unsynced = 32;
    static_assert(2 * max_unsynced < min_shadow_tables);
    static constexpr std::uint32_t max_tables_searched = 1024;
    bool is_below(ShadowNumber number, ShadowNumber root, std::uint32_t& budget) const;
    std::uint32_t among_roots_above(ShadowNumber number, std::span<const ShadowNumber> roots,
                                    std::uint32_t& budget) const;
    void forget_unsynced(ShadowNumber number);
    ShadowNumber child_or_aside(EntryNumber number) const;
    bool bring_back(ShadowNumber root);
    bool consistent_entry(ShadowNumber number, std::uint32_t slot) const;
    bool consistent_lists(std::uint64_t writable) const;
};

} // namespace hv
