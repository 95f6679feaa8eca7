#pragma once
// What an unaware kernel will most likely do next is done in advance, where the architecture would
// allow a processor to do it as well (unaware.h; docs/shadow.md, "Guesses"). Only with
// ShadowSettings::guesses.

#include "hypervisor/translation/shadow/pointer_tables.h"

#include <cstdint>

namespace hv {

class Guesses : public PointerTables {
  public:
    using PointerTables::PointerTables;

  protected:
    /// Called when the entry at `slot` of a shadow table of level 1 has been filled: fills its
    /// neighbours too, and sets the accessed bits of the guest's entries.
    void use_neighbours(ShadowNumber number, std::uint32_t slot);
    /// Called when the page table at `frame`, of level 1, has come into use for `linear`: may leave
    /// it out of step from the beginning.
    void expect_stores(Frame& frame, std::uint64_t linear);
    /// Called when the kernel has cleared an entry that led to a page table, in the page table of
    /// shadow table `number`. Perhaps a process ends: gives up shadow tables of the user half.
    void expect_end(ShadowNumber number);

  private:
    bool only_child_of_user_root(ShadowNumber number) const;
    void release_below(ShadowNumber number, std::uint32_t slots);
};

} // namespace hv
