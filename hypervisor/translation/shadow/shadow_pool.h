#pragma once
// The bounded memory of the shadow tables, and the lists that lead from what an entry points at
// back to the entry. All of it is reserved at boot.

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/memory/memory_map.h"
#include "hypervisor/translation/shadow/table_format.h"

#include <cstddef>
#include <cstdint>

namespace hv {

/// Number of a shadow table in the pool; 0 is none.
using ShadowNumber = std::uint32_t;
/// An entry of a shadow table: its number * 512 + slot; 0 is none.
using EntryNumber = std::uint32_t;
inline constexpr std::uint32_t shadow_slots = 512;
/// Which vCPU a shadow table is for: vCPU n (n + 1), or all of them (0).
using ShadowView = std::uint8_t;
inline constexpr ShadowView shared_view = 0;
constexpr ShadowView view_of(std::uint32_t vcpu) { return static_cast<ShadowView>(vcpu + 1); }

/// The record of one shadow table: what is known of it besides its entries.
struct ShadowTable {
    std::uint64_t frame;        ///< of the guest's page table; direct: the first frame it maps
    EntryNumber parents;        ///< first of the shadow entries that lead here; in a copy: the
                                ///< one that led to the table before it was set aside
    ShadowNumber next;          ///< for the same frame (direct: in the bucket; free: free list)
    ShadowNumber copy;          ///< while unsynced: the guest's page table as last seen; of a
                                ///< pointer table: what its entries stand for
    ShadowNumber next_unsynced; ///< in the list of unsynced tables
    union {
        std::uint16_t attributes; ///< direct: memory type and G of every entry
        TableFormat format;       ///< all others
    };
    std::uint8_t level; ///< 1 to 4; 0: free
    ShadowView view;
    std::uint8_t flags;           ///< shadow_flags
    std::uint8_t pins;            ///< reasons not to reclaim it; changed atomically
    std::uint8_t unchanged_syncs; ///< in a row, while unsynced
    std::uint8_t loads;           ///< of a root: loads of CR3 that exited

    /// Tells the shadow tables of one page from each other, by one comparison.
    struct Kind {
        TableFormat format;
        std::uint8_t level;
        ShadowView view;
    };
    bool is(const Kind& kind) const {
        std::uint32_t own = 0;
        __builtin_memcpy(&own, &attributes, sizeof(own));
        return own == __builtin_bit_cast(std::uint32_t, kind);
    }
};
static_assert(sizeof(ShadowTable) == 32);
static_assert(offsetof(ShadowTable, view) == offsetof(ShadowTable, attributes) + 3);

namespace shadow_flags {
/// Stands for a large page, not for a page table: its entries map consecutive frames.
inline constexpr std::uint8_t direct = 1 << 0;
/// The guest writes its page table without an exit; the shadow table is as `copy` says.
inline constexpr std::uint8_t unsynced = 1 << 1;
/// This is not a shadow table: it holds the copy for one that is unsynced.
inline constexpr std::uint8_t copy = 1 << 2;
/// A root at the physical address of the guest's root (unaware/displaced_roots.h).
inline constexpr std::uint8_t displaced = 1 << 3;
/// A root below which everything was given up once, as at the end of a process (unaware/guesses.h).
inline constexpr std::uint8_t emptied = 1 << 4;
/// Holds one vCPU's four pointers outside IA-32e mode (pointer_tables.h).
inline constexpr std::uint8_t pointers = 1 << 5;
/// Stands for a page table that is not one of 4-level paging.
inline constexpr std::uint8_t legacy = 1 << 6;
} // namespace shadow_flags

/// Memory for `count` tables: [tables][links][ShadowTable records]. Table 0 is never used.
class ShadowPool {
  public:
    constexpr ShadowPool() = default;
    /// `memory` is physical, page-aligned and zeroed.
    explicit ShadowPool(const PhysicalRange& memory)
        : tables_{memory.begin}, count_{count_in(memory.size())},
          links_{reinterpret_cast<Link*>(direct_pointer(memory.begin + count_ * page_size))},
          records_{reinterpret_cast<ShadowTable*>(
              direct_pointer(memory.begin + 2 * std::uint64_t{count_} * page_size))} {
        for (ShadowNumber number = count_ - 1; number >= 1; --number)
            put_free(number);
    }

    /// Bytes for `count` tables, in whole pages.
    static constexpr std::uint64_t bytes_for(std::uint64_t count) {
        return align_up(count * (2 * page_size + sizeof(ShadowTable)), page_size);
    }
    static constexpr std::uint32_t count_in(std::uint64_t bytes) {
        return static_cast<std::uint32_t>(bytes / (2 * page_size + sizeof(ShadowTable)));
    }

    /// All tables, table 0 included.
    std::uint32_t count() const { return count_; }
    std::uint32_t free() const { return free_; }

    ShadowTable& table(ShadowNumber number) { return records_[number]; }
    const ShadowTable& table(ShadowNumber number) const { return records_[number]; }
    /// Physical address of a table.
    std::uint64_t address(ShadowNumber number) const {
        return tables_ + std::uint64_t{number} * page_size;
    }
    /// The table that lies at a physical address; 0 when none of the pool does.
    ShadowNumber at(std::uint64_t physical) const {
        const std::uint64_t number = (physical - tables_) / page_size;
        return number < count_ ? static_cast<ShadowNumber>(number) : 0;
    }
    volatile std::uint64_t& entry(EntryNumber number) const {
        return reinterpret_cast<volatile std::uint64_t*>(direct_pointer(tables_))[number];
    }

    /// A free table, its entries zero; 0 when there is none.
    ShadowNumber take_free();
    /// Its entries must be zero, except those of a copy, which are cleared here.
    void put_free(ShadowNumber number);

    /// Puts `entry` in front of the list that begins in `head`.
    void link(std::uint32_t& head, EntryNumber entry) {
        links_[entry] = {head, 0};
        if (head != 0)
            links_[head].previous = entry;
        head = entry;
    }
    void unlink(std::uint32_t& head, EntryNumber entry) {
        const Link link = links_[entry];
        if (link.previous != 0)
            links_[link.previous].next = link.next;
        else
            head = link.next;
        if (link.next != 0)
            links_[link.next].previous = link.previous;
    }
    /// The entry after `entry` in its list; 0 at the end.
    EntryNumber next(EntryNumber entry) const { return links_[entry].next; }

  private:
    struct Link {
        EntryNumber next;
        EntryNumber previous;
    };
    static_assert(sizeof(Link) == sizeof(std::uint64_t));

    std::uint64_t tables_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t free_ = 0;
    Link* links_ = nullptr;
    ShadowTable* records_ = nullptr;
    ShadowNumber first_free_ = 0;
};

} // namespace hv
