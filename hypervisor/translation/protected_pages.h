#pragma once
// Pages of the guest's memory that the guest may not write, and for how many reasons: by EPT, or
// where there is none by the shadow tables.

#include "hypervisor/memory/frame_table.h"
#include "hypervisor/translation/ept.h"

#include <cstdint>
#include <utility>

namespace hv {

class ShadowTables;
struct VirtualMachine;

/// Counts the reasons for each page, so that it is writable again when the last is gone.
class ProtectedPages {
  public:
    constexpr ProtectedPages() = default;
    /// All must outlive this object; `shadows` is null where EPT is used, `ept` where it is not.
    /// `machine` is the one whose other vCPUs are to drop what they have cached of EPT.
    ProtectedPages(FrameTable& frames, Ept* ept, ShadowTables* shadows, VirtualMachine* machine)
        : frames_{&frames}, ept_{ept}, shadows_{shadows}, machine_{machine} {}

    /// Takes the right to write from the page that holds `gpa`. False when it is not the guest's
    /// RAM, or has more reasons than can be counted.
    [[nodiscard]] bool protect(std::uint64_t gpa);
    /// Undoes one protect of the page.
    void release(std::uint64_t gpa);
    bool contains(std::uint64_t gpa) const { return frames_->is_write_protected(gpa); }

    /// Whether the page is a registered page table.
    bool is_page_table(std::uint64_t gpa) const {
        const Frame* frame = frames_->of_address(gpa);
        return frame != nullptr && frame->level != 0;
    }

    /// Returns when no other vCPU can write what has been protected so far: what it holds may be
    /// believed from then on.
    void wait_until_protected();

    /// Whether EPT rights were taken since the last call: the caller then owes an INVEPT.
    bool take_rights_reduced() { return std::exchange(rights_reduced_, false); }

  private:
    FrameTable* frames_ = nullptr;
    Ept* ept_ = nullptr;
    ShadowTables* shadows_ = nullptr;
    VirtualMachine* machine_ = nullptr;
    bool rights_reduced_ = false;
    bool reduced_elsewhere_ = false; ///< other vCPUs may have cached what EPT allowed before
};

} // namespace hv
