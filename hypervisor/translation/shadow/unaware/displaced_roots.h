#pragma once
// Shadow roots that lie at the physical addresses of the guest's roots, so that the guest's MOV to
// CR3 need not exit (unaware.h; docs/shadow.md, "Displaced roots").
//
// The guest's page and its shadow table change places. The direct map shows each of the two at the
// address where it was before, so all other code still uses guest-physical addresses. Only what the
// processor itself reads says where the two really are: CR3, the CR3-target values, and shadow
// entries that map the guest's page.

#include "hypervisor/translation/shadow/unaware/aside_tables.h"

#include <cstdint>
#include <span>
#include <utility>

namespace hv {

class DisplacedRoots : public AsideTables {
  public:
    using AsideTables::AsideTables;

    bool is_displaced(ShadowNumber root) const {
        return (pool_.table(root).flags & shadow_flags::displaced) != 0;
    }
    /// Counts a load of CR3 that exited. Returns whether the root is hot, and should be displaced.
    bool count_load(ShadowNumber root);
    /// Displaces a root, which the caller keeps pinned until it is restored. All cached
    /// translations are then stale. False when no table is left for the direct map, or very many
    /// entries map the guest's page; the root then stays where it is.
    [[nodiscard]] bool displace(ShadowNumber root);
    /// False: to be repeated.
    [[nodiscard]] bool restore(ShadowNumber root);

    // A displaced root may be loaded without an exit only while no table below it is out of step.

    bool is_out_of_step(ShadowNumber root) const { return out_of_step({&root, 1}) != 0; }
    /// The same for up to 32 roots; 0 stands for no root. Bit n of the result is for roots[n].
    std::uint32_t out_of_step(std::span<const ShadowNumber> roots) const;
    /// Whether is_out_of_step() may have become true for any root since the last call.
    bool take_linked() { return std::exchange(linked_, false); }

  private:
    void move_mappings(Frame& from, Frame& to);
    std::uint32_t among_roots_above(ShadowNumber number, std::span<const ShadowNumber> roots,
                                    std::uint32_t& budget) const;
};

} // namespace hv
