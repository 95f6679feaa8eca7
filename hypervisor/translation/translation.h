#pragma once
// How the guest's addresses are translated: by EPT in addition to the guest's own page tables, or
// by shadow page tables in place of them. One of the two is chosen at boot. Code in higher layers
// says what happens to the guest's pages and page tables; this class does what follows from it.

#include "hypervisor/memory/frame_table.h"
#include "hypervisor/translation/ept.h"
#include "hypervisor/translation/paused.h"
#include "hypervisor/translation/shadow/shadow_tables.h"
#include "hypervisor/translation/stale_translations.h"

#include <cstdint>

namespace hv {

/// What shadow paging takes from the guest's registers; with EPT, nothing.
struct ShadowPagingDemands {
    std::uint64_t cr0_forced = 0;  ///< bits that are 1 in the processor, whatever the guest's are
    std::uint64_t cr4_refused = 0; ///< bits of features that shadow page tables do not support
    std::uint64_t cr4_owned = 0;   ///< bits whose change drops translations, and exits
    std::uint64_t cr4_forced = 0;  ///< bits that are 1 in the processor, whatever the guest's are
    std::uint64_t efer_forced = 0; ///< bits that are 1 in the processor, for pages the monitor maps
    std::uint32_t exceptions = 0;  ///< bits of the exception bitmap
};

class Translation {
  public:
    constexpr Translation() = default;
    /// All must outlive this object.
    Translation(FrameTable& frames, Ept& ept, StaleTranslations& stale)
        : frames_{&frames}, ept_{&ept}, stale_{&stale} {}
    Translation(FrameTable& frames, ShadowTables& shadows, StaleTranslations& stale)
        : frames_{&frames}, shadows_{&shadows}, stale_{&stale} {}

    ShadowPagingDemands demands() const;

    // Write protection. The reasons for each page are counted: it is writable again when the last
    // is gone.

    /// Takes the right to write from the page that holds `gpa`. Errors: bad_frame when it is not
    /// the guest's RAM, or has more reasons than can be counted; `paused`.
    [[nodiscard]] abi::Error protect(std::uint64_t gpa);
    /// Undoes one protect of the page.
    void release(std::uint64_t gpa);
    bool is_protected(std::uint64_t gpa) const { return frames_->is_write_protected(gpa); }
    /// Whether the page is a registered page table.
    bool is_page_table(std::uint64_t gpa) const {
        const Frame* const frame = frames_->of_address(gpa);
        return frame != nullptr && frame->level != 0;
    }
    /// Returns when no other vCPU can still write to what has been protected so far: only then may
    /// the monitor rely on its contents.
    void wait_until_protected() { stale_->wait_for_others(); }
    /// Whether a descriptor table lies on the page: it has more reasons to be protected than its
    /// registration and its shadow page tables.
    bool holds_descriptor_table(const Frame& frame) const;
    /// Whether stores to the local APIC's page exit.
    void set_local_apic_writable(bool writable);

    // The guest's page tables.

    /// The entry at `gpa` of a registered page table at `frame` was `old` and is `value` now.
    void entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t old, std::uint64_t value);
    /// The same for a page that may be a page table. What the entry was before is not known.
    void unregistered_entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    /// As entry_changed, for an entry of level 1 that is absent or maps `page`, a page of the
    /// guest's RAM, in a page table whose frame has plain_table_flags().
    void leaf_changed(const Frame& frame, std::uint64_t gpa, std::uint64_t old, std::uint64_t value,
                      Frame& page) {
        if (shadows_ != nullptr)
            shadows_->set_leaf(frame, gpa, value, page);
        else
            note_stale(old, value, 1);
    }
    /// The frame_flags of a page table for whose entries leaf_changed() may be used.
    std::uint8_t plain_table_flags() const {
        return shadows_ != nullptr ? frame_flags::guest_ram | frame_flags::one_leaf_shadow
                                   : frame_flags::guest_ram;
    }
    /// The page is about to be registered as a page table: its shadow page tables that are out of
    /// step are given up. False: to be repeated.
    [[nodiscard]] bool before_registration(Frame& frame);
    /// The page has been registered.
    void registered(Frame& frame);
    /// The page is no longer a page table.
    void unregistered(Frame& frame);
    /// EFER.NXE is about to change, which takes long. False: this exit has no time for all of it,
    /// and the call is to be repeated.
    [[nodiscard]] bool before_new_features();
    /// EFER.NXE has changed what entries mean.
    void set_features(const PagingFeatures& features);

  private:
    FrameTable* frames_ = nullptr;
    Ept* ept_ = nullptr;
    ShadowTables* shadows_ = nullptr;
    StaleTranslations* stale_ = nullptr;

    // With EPT the processor walks the guest's own page tables, and may have cached what `old`
    // said.
    void note_stale(std::uint64_t old, std::uint64_t value, int level) {
        // Setting these bits changes nothing. If they are cleared, the processor must set them
        // again.
        constexpr std::uint64_t harmless = paging::accessed | paging::dirty;
        const std::uint64_t changed = old ^ value;
        if ((old & paging::present) == 0 || ((changed & ~harmless) == 0 && (old & changed) == 0))
            return;
        stale_->taken_by_guest(level > 1 || (old & paging::global) != 0 ? Stale::all
                                                                        : Stale::non_global);
    }
};

} // namespace hv
