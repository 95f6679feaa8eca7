#pragma once
// What the monitor remembers of each page frame of the machine's memory.

#include "hypervisor/memory/layout.h"

#include <cstdint>

namespace hv {

/// Level and flags of a frame in one word, so that one comparison finds the frame that a page-table
/// loop changes.
struct FrameKind {
    std::uint8_t level = 0;
    std::uint8_t flags = 0;
    bool operator==(const FrameKind&) const = default;
};

/// One page frame. All zero: a page that does not belong to the guest.
struct Frame {
    /// First of the writable shadow entries that map it (translation/shadow/shadow_pool.h); 0:
    /// none.
    std::uint32_t mappings;
    /// First of the shadow tables made of it; 0: none.
    std::uint32_t first_shadow;
    /// Entries of registered page tables that point to it as a table.
    std::uint32_t links;
    /// Reasons why the guest may not write it: descriptor tables on it, its registration, its
    /// shadows. Above 0 it is write-protected.
    std::uint16_t write_locks;
    std::uint8_t level; ///< registered as a page table of this level; 0: not registered
    std::uint8_t flags; ///< frame_flags

    FrameKind kind() const { return {level, flags}; }
    /// Whether it holds a page table: registered, or one that has shadow tables.
    bool is_page_table() const { return level != 0 || first_shadow != 0; }
};
static_assert(sizeof(Frame) == 16);

namespace frame_flags {
inline constexpr std::uint8_t guest_ram = 1 << 0;
/// A registered page table through which the descriptor tables are mapped.
inline constexpr std::uint8_t kept = 1 << 1;
/// Had a shadow table that was reclaimed: the next one counts as a rebuild.
inline constexpr std::uint8_t reclaimed = 1 << 2;
/// A page table of level 1 with exactly one shadow table, which is in step.
inline constexpr std::uint8_t one_leaf_shadow = 1 << 3;
/// A page table that leads to the per-vCPU area: each vCPU has its own shadow tables of it.
inline constexpr std::uint8_t per_vcpu = 1 << 4;
/// A root whose shadow table is at its own physical address
/// (translation/shadow/unaware/displaced_roots.cpp).
inline constexpr std::uint8_t displaced = 1 << 5;
/// So many shadow entries map it that some may be read-only although it is not write-protected.
inline constexpr std::uint8_t partly_writable = 1 << 6;
} // namespace frame_flags

/// All frames from physical 0 to the end of memory, 16 bytes each: 1/256 of it.
class FrameTable {
  public:
    constexpr FrameTable() = default;
    /// `frames` must outlive this object; zeroed.
    FrameTable(Frame* frames, std::uint64_t count) : frames_{frames}, count_{count} {}

    /// Says that [begin, end) is the guest's RAM.
    void add_guest_ram(std::uint64_t begin, std::uint64_t end) {
        for (std::uint64_t frame = begin / page_size; frame < end / page_size && frame < count_;
             ++frame)
            frames_[frame].flags |= frame_flags::guest_ram;
    }

    /// The record of frame `number`; null when that is not the guest's RAM.
    Frame* find(std::uint64_t number) const {
        if (number >= count_ || (frames_[number].flags & frame_flags::guest_ram) == 0) [[unlikely]]
            return nullptr;
        return &frames_[number];
    }
    Frame* of_address(std::uint64_t gpa) const { return find(gpa / page_size); }

    /// Whether the page that holds `gpa` is the guest's RAM and write-protected.
    bool is_write_protected(std::uint64_t gpa) const {
        const Frame* const frame = of_address(gpa);
        return frame != nullptr && frame->write_locks != 0;
    }

    std::uint64_t number(const Frame& frame) const {
        return static_cast<std::uint64_t>(&frame - frames_);
    }
    std::uint64_t count() const { return count_; }
    /// The record of any frame below count().
    Frame& at(std::uint64_t number) const { return frames_[number]; }

  private:
    Frame* frames_ = nullptr;
    std::uint64_t count_ = 0;
};

} // namespace hv
