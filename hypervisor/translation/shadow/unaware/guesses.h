#pragma once
// What an unaware kernel will most likely do next is done for it now, where the architecture lets a
// processor do it too (unaware.h; docs/shadow.md, "Guesses"). Only with ShadowSettings::guesses.

#include "hypervisor/translation/shadow/shadow_table_set.h"

#include <cstdint>

namespace hv {

class Guesses : public ShadowTableSet {
  public:
    using ShadowTableSet::ShadowTableSet;

  protected:
    /// The entry at `slot` of a shadow table of level 1 was filled: its neighbours are filled too,
    /// with the accessed bits of the guest's entries set.
    void use_neighbours(ShadowNumber number, std::uint32_t slot);
    /// The page table at `frame`, of level 1, has come into use for `linear`: it may begin out of
    /// step.
    void expect_stores(Frame& frame, std::uint64_t linear);
    /// The kernel has taken an entry that led to a table out of the table `number`: the end of a
    /// process, perhaps. Shadow tables of the user's half are given up.
    void expect_end(ShadowNumber number);

  private:
    bool only_child_of_user_root(ShadowNumber number) const;
    void release_below(ShadowNumber number, std::uint32_t slots);
};

} // namespace hv
