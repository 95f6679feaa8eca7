#pragma once
// Page tables that the guest has announced (AllocatePage): write-protected, and every change of
// theirs judged, whether it comes as a call or as a store that was trapped (docs/abi.md, "Page
// tables").

#include "hypervisor/descriptors/all_tables.h"
#include "hypervisor/memory/frame_table.h"
#include "hypervisor/memory/guest_memory.h"
#include "hypervisor/translation/translation.h"
#include "hypervisor/x86/paging_mode.h"
#include "shared/error.h"
#include "shared/page_table_calls.h"

#include <cstdint>

namespace hv {

/// What entries are judged by.
struct TableRules {
    /// Profile `hardened`: only registered tables are led to, rights are the leaf's alone, no
    /// kernel page is both writable and executable.
    bool hardened = false;
    PagingFeatures features;
    std::uint64_t memory_end = 0; ///< no entry may map what lies from here on
    PhysicalRange monitor;        ///< nor this
};

class RegisteredTables {
  public:
    constexpr RegisteredTables() = default;
    /// All but `rules` must outlive this object (of `frames`, the records).
    RegisteredTables(const FrameTable& frames, const GuestMemory& memory, Translation& translation,
                     const AllTables& kept, const TableRules& rules)
        : frames_{frames}, memory_{&memory}, translation_{&translation}, kept_{&kept} {
        set_rules(rules);
    }

    /// AllocatePage: `number` and `clone` are page frame numbers. Errors: bad_level, bad_frame,
    /// already_a_table, protected_page, not_a_table and clone_out_of_range (of the clone), and
    /// those of judge() for what the page holds already; `paused`. On an error nothing has changed.
    abi::Error allocate(std::uint64_t number, std::uint64_t clone, abi::AllocateOptions options);
    /// ReleasePage. `is_root(number)` says whether some vCPU runs on that root; it is asked when
    /// the page can no longer be loaded as a root. Errors: bad_frame, not_a_table, table_in_use.
    template <typename IsRoot>
    abi::Error release(std::uint64_t number, IsRoot is_root) {
        Frame* const frame = frames_.find(number);
        if (frame == nullptr)
            return abi::Error::bad_frame;
        if (frame->level == 0)
            return abi::Error::not_a_table;
        if (frame->links != 0)
            return abi::Error::table_in_use;
        const std::uint8_t level = std::exchange(frame->level, std::uint8_t{0});
        if (is_root(number)) {
            frame->level = level;
            return abi::Error::table_in_use;
        }
        give_back(*frame, number, level);
        return abi::Error::none;
    }

    /// SetPxE: writes the 8-byte entry at `gpa` and has the shadows follow. A page that is not
    /// registered is written as the guest itself could. Errors: bad_alignment, bad_frame,
    /// protected_page, and those of judge().
    abi::Error set_entry(std::uint64_t gpa, std::uint64_t value) {
        const std::uint64_t number = gpa / page_size;
        if (number >= frames_.count() || gpa % sizeof(value) != 0) [[unlikely]]
            return set_any_entry(gpa, value);
        const Frame& frame = frames_.at(number);
        if (frame.kind() != plain_table_) [[unlikely]]
            return set_any_entry(gpa, value);
        // A page-table loop: an entry of level 1, absent or for a page of RAM, which judge() lets
        // pass for certain.
        Frame* page = &frames_.at(number); // of an absent entry: not looked at
        if ((value & paging::present) != 0) {
            const std::uint64_t mapped = (value & paging::address_mask) / page_size;
            if ((value & leaf_reserved_) != 0 || (value & leaf_rights_) == leaf_rights_refused_ ||
                mapped >= frames_.count()) [[unlikely]]
                return set_any_entry(gpa, value);
            page = &frames_.at(mapped);
            if ((page->flags & frame_flags::guest_ram) == 0) [[unlikely]]
                return set_any_entry(gpa, value);
        }
        volatile std::uint64_t& entry = direct_word<std::uint64_t>(gpa);
        const std::uint64_t old = entry;
        entry = value;
        translation_->leaf_changed(frame, gpa, old, value, *page);
        return abi::Error::none;
    }
    /// SetPxE of a 32-bit guest: writes the 4-byte entry at `gpa`, in a page that is not
    /// registered, and has the shadows follow. Errors: bad_alignment, bad_frame, protected_page.
    abi::Error set_small_entry(std::uint64_t gpa, std::uint32_t value);
    /// UpdatePxE: the guest has written the entry at `gpa`. Errors as set_entry.
    abi::Error update_entry(std::uint64_t gpa);

    /// Whether `value` may stand at `gpa` in the registered table `frame`. Errors: bad_entry,
    /// bad_frame, table_loop, kept_mapping; on hardened also not_a_table, table_rights,
    /// writable_code.
    [[nodiscard]] abi::Error judge(const Frame& frame, std::uint64_t gpa,
                                   std::uint64_t value) const;

    /// What a store that ran as an instruction of its own made of a page: from `before` to `image`.
    /// Judges every entry that differs, then, when none is refused, changes them. Both are whole
    /// pages, 8-byte aligned.
    abi::Error apply(std::uint64_t page, const std::uint8_t* before, const std::uint8_t* image);

    /// From now on the tables through which `root` (a frame) maps the descriptor tables keep doing
    /// so. Nothing to do for a root that is not registered.
    void keep_descriptor_tables(std::uint64_t root);

    /// EFER.NXE has changed.
    void set_features(const PagingFeatures& features) {
        rules_.features = features;
        set_rules(rules_);
    }

  private:
    FrameTable frames_;
    const GuestMemory* memory_ = nullptr;
    Translation* translation_ = nullptr;
    const AllTables* kept_ = nullptr;
    TableRules rules_;

    // What entries that map a 4 KiB page may not have: these bits, and this combination of rights.
    std::uint64_t leaf_reserved_ = 0;
    std::uint64_t leaf_rights_ = 0;
    std::uint64_t leaf_rights_refused_ = 1;
    /// Frames whose entries need nothing else: page tables of level 1 whose shadow is in step.
    FrameKind plain_table_;

    void set_rules(const TableRules& rules);
    [[gnu::noinline]] abi::Error set_any_entry(std::uint64_t gpa, std::uint64_t value);
    void give_back(Frame& frame, std::uint64_t number, int level);
    [[gnu::noinline]] abi::Error set_unregistered(Frame& frame, std::uint64_t gpa,
                                                  std::uint64_t value);
    void change(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    void count_links(int level, std::uint64_t value, int change);
    /// What a page will hold: its own entries, except for [first, end), which are those of another
    /// page.
    struct Contents {
        std::uint64_t page;
        std::uint64_t clone;
        std::uint32_t first;
        std::uint32_t end;

        std::uint64_t entry(std::uint32_t slot) const {
            const std::uint64_t from = slot >= first && slot < end ? clone : page;
            return direct_word<std::uint64_t>(from + slot * sizeof(std::uint64_t));
        }
    };
    /// The first entry from `slot` (at most 512) on that is not 0; 512 when there is none.
    static std::uint32_t first_used(Contents contents, std::uint32_t slot);
    [[gnu::noinline]] abi::Error take_contents(Frame& frame, Contents contents);
    void copy_entries(Frame& frame, const Contents& contents);
    void drop_links(int level, std::uint64_t page, std::uint32_t slots);
    abi::Error judge_leaf(std::uint64_t value, int level) const;
    abi::Error judge_link(std::uint64_t value, int level) const;
    bool is_kept(const Frame& frame, std::uint64_t gpa, std::uint64_t value) const;
};

} // namespace hv
