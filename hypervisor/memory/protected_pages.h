#pragma once
// Pages of the guest's memory that the guest may not write, and for how many reasons: by EPT, or
// where there is none by the shadow tables.

#include "hypervisor/memory/ept.h"
#include "hypervisor/memory/frame_table.h"

#include <cstdint>
#include <utility>

namespace hv {

class ShadowTables;

/// Counts the reasons for each page, so that it is writable again when the last is gone.
class ProtectedPages {
  public:
    constexpr ProtectedPages() = default;
    /// All must outlive this object; `shadows` is null where EPT is used, `ept` where it is not.
    ProtectedPages(FrameTable& frames, Ept* ept, ShadowTables* shadows)
        : frames_{&frames}, ept_{ept}, shadows_{shadows} {}

    /// Takes the right to write from the page that holds `gpa`. False when it is not the guest's
    /// RAM, or has more reasons than can be counted.
    [[nodiscard]] bool protect(std::uint64_t gpa);
    /// Undoes one protect of the page.
    void release(std::uint64_t gpa);
    bool contains(std::uint64_t gpa) const {
        const Frame* frame = frames_->of_address(gpa);
        return frame != nullptr && frame->write_locks != 0;
    }

    /// With EPT: gives the right to write for one instruction, and takes it again; the page stays
    /// counted. (Shadow tables: ShadowTables::open.)
    void open(std::uint64_t gpa);
    void close(std::uint64_t gpa);

    /// Whether EPT rights were taken since the last call: the caller then owes an INVEPT.
    bool take_rights_reduced() { return std::exchange(rights_reduced_, false); }

  private:
    FrameTable* frames_ = nullptr;
    Ept* ept_ = nullptr;
    ShadowTables* shadows_ = nullptr;
    bool rights_reduced_ = false;
};

} // namespace hv
