#pragma once
// Which shadow tables there are: how they are found, made, and given up.
//
// A shadow table stands for one page table of the guest at one level (Frame::first_shadow lists
// those of a page), or for part of a large page: then it is a *direct* table, in a hash table by
// frame. The guest's page table is write-protected while it has a shadow table, so that the monitor
// sees every change; tables out of step (unsynced_tables.h) are the exception.
//
// Memory for shadow tables is bounded. When none is free, the oldest that is not pinned is
// *reclaimed* (shadow_reclaim.cpp). What is given up is built again when it is needed. Code that
// makes several tables for one purpose must first reserve memory for them, or pin those it has
// made.
//
// A guest can build so many tables and entries that some operations would take very long. Such an
// operation does a part of its work, says so, and is to be repeated by a later VM exit; what it did
// has then brought the end nearer (ShadowEntries::work_per_exit).
//
// All vCPUs share the shadow tables, except roots and what leads to the per-vCPU area: of those
// each vCPU has its own (ShadowTable::view).

#include "hypervisor/memory/paging_walk.h"
#include "hypervisor/translation/shadow/root_cache.h"
#include "hypervisor/translation/shadow/unaware/displaced_roots.h"
#include "shared/processors.h"
#include "shared/statistics.h"

#include <array>
#include <cstdint>

namespace hv {

class ShadowTableSet : public DisplacedRoots {
  public:
    constexpr ShadowTableSet() = default;
    /// `stale`, `statistics`, and the records of `frames` must outlive this object.
    ShadowTableSet(const ShadowPool& pool, const FrameTable& frames, StaleTranslations& stale,
                   const ShadowSettings& settings, abi::Statistics& statistics);

    bool in_use() const { return statistics_ != nullptr; }

    /// Says for which vCPU everything that follows is done. To be called by the holder of the
    /// page-table lock.
    void act_for(std::uint32_t vcpu, abi::Statistics& statistics) {
        if (in_use()) {
            viewer_ = view_of(vcpu);
            statistics_ = &statistics;
        }
    }
    /// The cache of the roots that vCPU `number` has loaded: a root is forgotten there before its
    /// shadow table is released.
    void set_root_cache(std::uint32_t number, RootCache& cache) { root_caches_[number] = &cache; }

    /// The acting vCPU's shadow table of the guest's root at `frame`, made if there is none. The
    /// frame must be the guest's RAM. 0: to be repeated.
    ShadowNumber root(std::uint64_t frame) {
        Frame& table = *frames_.find(frame);
        const ShadowNumber number = find(table, FourLevelPaging::levels, viewer_);
        if (number != 0)
            return number;
        return is_work_spent() ? 0 : make(table, FourLevelPaging::levels, viewer_);
    }
    /// Makes the shadow table of a page table that was just registered, so that no fault needs to.
    void prepare(Frame& frame);
    /// Makes the page writable: leaves the page table at `frame`, for which can_unsync() must be
    /// true, out of step, or drops its shadow tables. False: to be repeated.
    [[nodiscard]] bool unsync(Frame& frame);

    /// Drops all shadow tables of a page table / only those that are out of step. A root that a
    /// vCPU uses stays. False: to be repeated.
    bool drop(Frame& frame);
    [[nodiscard]] bool drop_unsynced(Frame& frame);
    /// Drops everything. Roots in use stay, empty. False: to be repeated.
    [[nodiscard]] bool drop_all();
    /// EFER.NXE has changed what entries mean: drops everything, however long it takes.
    void set_features(const PagingFeatures& features);
    /// Whether stores to the local APIC's page are let through. Drops everything when that changes,
    /// however long it takes.
    void set_local_apic_writable(bool writable);

  protected:
    ShadowView viewer_ = view_of(0); ///< the acting vCPU's

    /// The shadow table of the page table at `frame` at `level`, as `viewer` uses it; 0 for none.
    ShadowNumber find(const Frame& frame, int level, ShadowView viewer,
                      TableFormat format = {}) const;
    /// The same, with the table and all below it synced: to be used before an entry comes to lead
    /// to it. 0 also when this exit has no time for that.
    ShadowNumber find_in_step(const Frame& frame, int level, ShadowView viewer,
                              TableFormat format = {});
    /// Makes the shadow table that find() did not find. When it returns, no vCPU can still write to
    /// the page table. 0: to be repeated.
    ShadowNumber make(Frame& frame, int level, ShadowView viewer, TableFormat format = {});
    /// The direct table of level `level` whose entries map memory from `frame` on.
    ShadowNumber find_or_make_direct(std::uint64_t frame, int level, std::uint16_t attributes,
                                     ShadowView view);
    /// Whether any of `count` frames from `frame` on is in the per-vCPU area.
    bool is_per_vcpu(std::uint64_t frame, std::uint64_t count) const;
    /// To be called before the entries of a walk are filled: marks the page tables that lead to the
    /// per-vCPU area. `top` is the level of the root. False: to be repeated.
    [[nodiscard]] bool separate_views(const PageWalk& walk, int top);

    /// Frees memory for all tables that one fault may make, so that nothing on the path is
    /// reclaimed while the rest of it is made. False: to be repeated.
    [[nodiscard]] bool reserve_for_walk() { return reserve(tables_for_walk); }
    enum class Release : std::uint8_t {
        done,       ///< nothing leads to the table any longer, and it leads nowhere
        pinned,     ///< a root that its vCPU has pinned meanwhile
        unfinished, ///< fewer entries lead to it than before; to be repeated
    };
    /// Gives a table up. Tables below it stay.
    Release release(ShadowNumber number);

    /// A free table. There must be one: see reserve().
    ShadowNumber take();
    /// Makes sure that `count` tables are free. False: to be repeated.
    bool reserve(std::uint32_t count) { return pool_.free() >= count || reclaim(count); }

  private:
    /// How many tables one fault may make: three for page tables, and two direct ones.
    static constexpr std::uint32_t tables_for_walk = 5;
    static_assert(tables_for_walk * (shadow_slots + max_parents) <= work_per_exit);

    std::array<ShadowNumber, 64> direct_{}; ///< hash buckets of direct tables
    ShadowNumber hand_ = 0;                 ///< where reclaim_one() continues its search
    std::array<RootCache*, abi::max_vcpus> root_caches_{};

    // Each vCPU has its own roots, and its own tables that lead to the per-vCPU area.
    static ShadowView view_in(const Frame& frame, int level, ShadowView viewer) {
        const bool own =
            level == FourLevelPaging::levels || (frame.flags & frame_flags::per_vcpu) != 0;
        return own ? viewer : shared_view;
    }
    bool reclaim(std::uint32_t count);
    bool reclaim_one();
    bool make_per_vcpu(Frame& frame);
    bool unlink_parents(const ShadowTable& table);
    void clear_entries(ShadowNumber number);
    void drop_all_at_once();
    void fill_from_guest(ShadowNumber number);
    void fill_legacy_from_guest(ShadowNumber number);
    void fill_slot(ShadowNumber number, std::uint32_t slot, std::uint64_t guest);
    ShadowNumber& bucket_of(std::uint64_t frame, int level) {
        const std::uint32_t shift = level == 1 ? 9 : 18;
        return direct_[(frame >> shift) % direct_.size()];
    }
};

} // namespace hv
