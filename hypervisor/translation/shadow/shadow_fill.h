#pragma once
// Making the shadow entries that lead to an address after a page fault, from the guest's page
// tables.

#include "hypervisor/memory/paging_walk.h"
#include "hypervisor/translation/shadow/unaware/guesses.h"

#include <cstdint>

namespace hv {

class ShadowFill : public Guesses {
  public:
    using Guesses::Guesses;

    enum class Fill : std::uint8_t {
        filled,     ///< the access can be tried again
        unchanged,  ///< the shadow entries allowed it already: the fault has another cause
        unfinished, ///< this exit has no time for it: the access is to be tried again
        nowhere,    ///< the guest may not access the memory that it maps there, or not in this way
    };
    /// Makes the shadow entries that lead to `linear` below `root`, from the entries of the guest's
    /// page tables in `walk`. The walk must have ended `mapped`, and the guest's accessed and dirty
    /// bits must be set. `access` has bits of fault_code.
    Fill fill(ShadowNumber root, std::uint64_t linear, const PageWalk& walk, std::uint32_t access);

  private:
    bool allows(std::uint64_t frame, std::uint32_t access) const;
    template <bool legacy>
    bool has_changed(ShadowNumber number, std::uint32_t slot, std::uint64_t walked) const;
    bool fill_large(EntryNumber number, int level, std::uint64_t linear, std::uint64_t guest);
    /// `legacy`: outside IA-32e mode.
    template <bool legacy>
    Fill fill_path(ShadowNumber root, std::uint64_t linear, const PageWalk& walk,
                   std::uint32_t access);
};

} // namespace hv
