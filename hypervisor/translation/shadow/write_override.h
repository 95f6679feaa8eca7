#pragma once
// Stores of a kernel with CR0.WP clear to pages that its entries make read-only (SDM vol.
// 3, 4.6.1).
//
// In the processor CR0.WP is always set, since write-protected pages need it. So the shadow entry
// of such a page is overridden after its first store: it is writable, and the supervisor's alone.
// An access in user mode faults, and the entry is made anew from the guest's. All overrides end
// when the guest writes CR0 or CR4, which decide what the supervisor may do.
//
// Entries are shared by all vCPUs, and CR0.WP is one vCPU's own: entries are overridden only where
// there is one vCPU.

#include "hypervisor/translation/shadow/shadow_fill.h"

#include <boost/container/static_vector.hpp>

#include <cstdint>

namespace hv {

class WriteOverride : public ShadowFill {
  public:
    using ShadowFill::ShadowFill;

    /// Overrides the entry that maps `linear` below `root`, which fill() has just made from `walk`.
    /// `executable`: the supervisor may fetch from user pages. False where an entry above denies
    /// the store as well, the page is not the guest's RAM, or it is write-protected: nothing has
    /// changed then.
    [[nodiscard]] bool override_read_only(ShadowNumber root, std::uint64_t linear,
                                          const PageWalk& walk, bool executable);
    bool has_overrides() const { return !overrides_.empty(); }
    /// The entries are absent; the next access makes each from the guest's.
    void end_overrides();

  protected:
    /// Whether an entry is what override_read_only() makes of `overridden`.
    static bool is_override(std::uint64_t entry, std::uint64_t overridden, int level) {
        return entry == overriding(overridden, level, true) ||
               entry == overriding(overridden, level, false);
    }

  private:
    /// What an entry says instead, at its level.
    static std::uint64_t overriding(std::uint64_t entry, int level, bool executable);
    /// With as many overrides as this, all end before the next begins.
    static constexpr std::size_t max_overrides = 64;
    boost::container::static_vector<EntryNumber, max_overrides> overrides_;
};

} // namespace hv
