#pragma once
// Page tables that the guest has announced (AllocatePage): write-protected, and every change of
// theirs judged, whether it comes as a call or as a store that was trapped (docs/abi.md, "Page
// tables").

#include "hypervisor/descriptors/protected_tables.h"
#include "hypervisor/memory/frame_table.h"
#include "hypervisor/memory/guest_memory.h"
#include "hypervisor/memory/paging_mode.h"
#include "hypervisor/memory/protected_pages.h"
#include "hypervisor/shadow/shadow_tables.h"
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
    /// All but `rules` must outlive this object (of `frames`, the records); `shadows` is null where
    /// EPT is used.
    RegisteredTables(const FrameTable& frames, const GuestMemory& memory, ProtectedPages& pages,
                     ShadowTables* shadows, const TableRules& rules)
        : frames_{frames}, memory_{&memory}, pages_{&pages}, shadows_{shadows} {
        set_rules(rules);
    }

    /// AllocatePage: `number` and `clone` are page frame numbers. Errors: bad_level, bad_frame,
    /// already_a_table, protected_page, not_a_table and clone_out_of_range (of the clone), and
    /// those of judge() for what the page holds already. On an error nothing has changed.
    abi::Error allocate(std::uint64_t number, std::uint64_t clone, abi::AllocateOptions options);
    /// ReleasePage. `current_root` is the frame in the guest's CR3. Errors: bad_frame, not_a_table,
    /// table_in_use.
    abi::Error release(std::uint64_t number, std::uint64_t current_root);

    /// SetPxE: writes the 8-byte entry at `gpa` and has the shadows follow. A page that is not
    /// registered is written as the guest itself could. Errors: bad_alignment, bad_frame,
    /// protected_page, and those of judge().
    abi::Error set_entry(std::uint64_t gpa, std::uint64_t value, const ProtectedTables& kept) {
        const std::uint64_t number = gpa / page_size;
        if (number >= frames_.count() || gpa % sizeof(value) != 0) [[unlikely]]
            return set_any_entry(gpa, value, kept);
        const Frame& frame = frames_.at(number);
        if (frame.kind() != plain_table_) [[unlikely]]
            return set_any_entry(gpa, value, kept);
        // A page-table loop: an entry of level 1, absent or for a page of RAM, which judge() lets
        // pass for certain.
        Frame* page = &frames_.at(number); // of an absent entry: not looked at
        if ((value & paging::present) != 0) {
            const std::uint64_t mapped = (value & paging::address_mask) / page_size;
            if ((value & leaf_reserved_) != 0 || (value & leaf_rights_) == leaf_rights_refused_ ||
                mapped >= frames_.count()) [[unlikely]]
                return set_any_entry(gpa, value, kept);
            page = &frames_.at(mapped);
            if ((page->flags & frame_flags::guest_ram) == 0) [[unlikely]]
                return set_any_entry(gpa, value, kept);
        }
        volatile std::uint64_t& entry = direct_word<std::uint64_t>(gpa);
        if (shadows_ != nullptr) {
            entry = value;
            shadows_->set_leaf(frame, gpa, value, *page);
        } else {
            const std::uint64_t old = entry;
            entry = value;
            note_stale(old, value, 1);
        }
        return abi::Error::none;
    }
    /// UpdatePxE: the guest has written the entry at `gpa`. Errors as set_entry.
    abi::Error update_entry(std::uint64_t gpa, const ProtectedTables& kept);

    /// Whether `value` may stand at `gpa` in the registered table `frame`. Errors: bad_entry,
    /// bad_frame, table_loop, kept_mapping; on hardened also not_a_table, table_rights,
    /// writable_code.
    [[nodiscard]] abi::Error judge(const Frame& frame, std::uint64_t gpa, std::uint64_t value,
                                   const ProtectedTables& kept) const;

    /// After a store that ran as an instruction of its own: judges every entry of the page that
    /// differs from `before` (8-byte aligned), and puts all of that back when one is refused.
    /// `before` is overwritten.
    abi::Error judge_page(std::uint64_t page, std::uint8_t* before, const ProtectedTables& kept);

    /// From now on the tables through which `root` (a frame) maps the descriptor tables keep doing
    /// so.
    void keep_descriptor_tables(std::uint64_t root, const ProtectedTables& kept);

    /// EFER.NXE has changed.
    void set_features(const PagingFeatures& features) {
        rules_.features = features;
        set_rules(rules_);
    }
    /// What was made stale since the last call; with shadows they are asked instead.
    Stale take_stale() {
        return shadows_ != nullptr ? shadows_->take_stale() : std::exchange(stale_, Stale::none);
    }

    /// What was made stale is left to the guest to invalidate; returns whether there was any.
    bool leave_stale() {
        return shadows_ != nullptr ? shadows_->leave_stale()
                                   : std::exchange(stale_, Stale::none) != Stale::none;
    }

  private:
    FrameTable frames_;
    const GuestMemory* memory_ = nullptr;
    ProtectedPages* pages_ = nullptr;
    ShadowTables* shadows_ = nullptr;
    TableRules rules_;
    Stale stale_ = Stale::none;

    // Of entries that map a 4 KiB page: bits they may not have, and the combination of rights that
    // they may not have.
    std::uint64_t leaf_reserved_ = 0;
    std::uint64_t leaf_rights_ = 0;
    std::uint64_t leaf_rights_refused_ = 1;
    /// Frames whose entries need no more than that: tables of level 1, their shadow in step.
    FrameKind plain_table_;

    void set_rules(const TableRules& rules);
    [[gnu::noinline]] abi::Error set_any_entry(std::uint64_t gpa, std::uint64_t value,
                                               const ProtectedTables& kept);
    [[gnu::noinline]] abi::Error set_unregistered(Frame& frame, std::uint64_t gpa,
                                                  std::uint64_t value);
    void change(Frame& frame, std::uint64_t gpa, std::uint64_t value);
    void count_links(const Frame& frame, std::uint64_t value, int change);
    /// What a page will hold: its own entries, but for [first, end), which are those of another.
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
    abi::Error take_contents(Frame& frame, const Contents& contents);
    void copy_entries(Frame& frame, const Contents& contents);
    void drop_links(const Frame& frame, std::uint64_t page, std::uint32_t slots);
    abi::Error judge_leaf(std::uint64_t value, int level) const;
    abi::Error judge_link(std::uint64_t value, int level) const;
    bool is_kept(const Frame& frame, std::uint64_t gpa, std::uint64_t value,
                 const ProtectedTables& kept) const;
    bool holds_descriptor_table(const Frame& frame) const;
    // Where the processor walks the guest's own tables: it may have cached what `old` said.
    void note_stale(std::uint64_t old, std::uint64_t value, int level) {
        // To set these bits changes nothing; once cleared, they must be set anew.
        constexpr std::uint64_t harmless = paging::accessed | paging::dirty;
        const std::uint64_t changed = old ^ value;
        if ((old & paging::present) == 0 || ((changed & ~harmless) == 0 && (old & changed) == 0))
            return;
        if (level > 1 || (old & paging::global) != 0)
            stale_ = Stale::all;
        else if (stale_ == Stale::none)
            stale_ = Stale::non_global;
    }
};

} // namespace hv
