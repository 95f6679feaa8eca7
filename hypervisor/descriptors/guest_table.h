#pragma once
// One of the guest's descriptor tables (or its TSS), as the monitor holds it. Its pages are found
// once through the guest's page tables, and write-protected; from then on they are accessed
// directly.

#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/translation/translation.h"
#include "shared/error.h"

#include <boost/container/static_vector.hpp>

#include <cstdint>
#include <optional>

namespace hv {

class AllTables;
struct Vcpu;

/// What is needed to find a descriptor table and to protect it.
struct TableEnvironment {
    const GuestMemory& memory;
    Translation& pages;
    const AllTables& tables; ///< of all vCPUs
    std::uint64_t cr3;       ///< the guest's current value
    /// Is called with `caller`, and returns when every other vCPU has ended the call that it
    /// executes (address_space/requests.h). Null if there is no other vCPU.
    void (*finish_calls_elsewhere)(Vcpu& caller) = nullptr;
    Vcpu* caller = nullptr;
};

/// The size in bytes of the units of a descriptor table: a descriptor, or half of a 16-byte one.
inline constexpr std::uint32_t table_word = 8;

/// The offset of the other half of the IDT gate whose 8-byte half is at `offset`.
constexpr std::uint32_t other_half_of(std::uint32_t offset) { return offset ^ table_word; }

/// A word of a table: RSP0 lies at offset 4 of its TSS, and a table may begin anywhere.
using UnalignedWord = Unaligned<std::uint64_t>::Word;

/// The bytes [base, base + limit] of the guest's linear memory. Not copyable, since it keeps pages
/// write-protected.
class GuestTable {
  public:
    static constexpr std::uint32_t max_pages = 17; ///< 64 KiB that begin inside a page

    GuestTable() = default;
    GuestTable(const GuestTable&) = delete;
    GuestTable& operator=(const GuestTable&) = delete;
    ~GuestTable() = default;

    /// Finds and protects [base, base + limit]. The contents are to be judged only afterwards,
    /// since another vCPU may write until then. On an error nothing stays protected. Errors:
    /// bad_address (not canonical, wraps, not mapped, not RAM, or too many pages), bad_limit (above
    /// 65535), protected_page (a registered page table), `paused`.
    abi::Error open(const TableEnvironment& environment, std::uint64_t base, std::uint32_t limit);

    /// Ends the protection of its pages and forgets them.
    void close(Translation& pages);

    /// Takes over the pages of `other`, which is closed afterwards; this table must be closed.
    void take(GuestTable& other);

    bool is_open() const { return !pages_.empty(); }
    /// The base of a closed table is an address that no table has.
    std::uint64_t base() const { return base_; }
    std::uint32_t limit() const { return limit_; }
    /// 8-byte words within the limit.
    std::uint32_t words() const { return (limit_ + 1) / 8; }

    /// Whether [offset, offset + size) lies within the limit.
    bool contains(std::uint64_t offset, std::uint64_t size) const {
        return is_open() && offset <= limit_ && size <= std::uint64_t{limit_} + 1 - offset;
    }

    /// The 8-byte word at `offset`; it must lie within the limit.
    std::uint64_t read(std::uint32_t offset) const {
        if (adjacent_ != nullptr) [[likely]]
            return *reinterpret_cast<UnalignedWord*>(adjacent_ + offset);
        return read_scattered(offset);
    }
    void write(std::uint32_t offset, std::uint64_t value) {
        if (adjacent_ != nullptr) [[likely]]
            *reinterpret_cast<UnalignedWord*>(adjacent_ + offset) = value;
        else
            write_scattered(offset, value);
    }

    /// Its words in the monitor's memory, when its pages are adjacent; else null.
    UnalignedWord* adjacent() const { return reinterpret_cast<UnalignedWord*>(adjacent_); }

    /// The guest-physical address of the byte at `offset`, which must lie within the limit.
    std::uint64_t address_of(std::uint32_t offset) const {
        const std::uint64_t position = base_ % page_size + offset;
        return pages_[position / page_size] + position % page_size;
    }

    /// Whether the table has bytes on the page that holds `gpa`.
    bool is_on_page_of(std::uint64_t gpa) const {
        for (const std::uint64_t page : pages_)
            if (page == align_down(gpa, page_size))
                return true;
        return false;
    }

    /// Whether the two tables have any byte in common.
    bool overlaps(const GuestTable& other) const;

    /// Whether the two tables consist of the same bytes, at whatever linear address.
    bool is_same_memory(const GuestTable& other) const {
        return limit_ == other.limit_ && pages_ == other.pages_ &&
               base_ % page_size == other.base_ % page_size;
    }

    /// The offset that `gpa` has in this table; nothing when it does not lie in it.
    std::optional<std::uint32_t> offset_of(std::uint64_t gpa) const;

    /// Whether the guest's page tables at `cr3` still lead to the pages held here.
    bool mapped_alike(const GuestMemory& memory, std::uint64_t cr3) const;

  private:
    /// Not canonical, so equal to no base that was accepted.
    static constexpr std::uint64_t no_base = std::uint64_t{1} << 63;

    std::uint64_t base_ = no_base;
    std::uint32_t limit_ = 0;
    boost::container::static_vector<std::uint64_t, max_pages> pages_;
    /// Where the table begins in the monitor's memory, when its pages are adjacent; else null.
    std::uint8_t* adjacent_ = nullptr;

    // Pages that are not adjacent: a word that crosses from one to the next is put together from
    // its bytes.
    std::uint64_t read_scattered(std::uint32_t offset) const;
    void write_scattered(std::uint32_t offset, std::uint64_t value);

    // The table's bytes on its page `index`: the first, and the one after the last.
    struct Part {
        std::uint64_t begin;
        std::uint64_t end;
    };
    Part part_on_page(std::size_t index) const;

    volatile std::uint8_t* pointer(std::uint32_t offset) const {
        const std::uint64_t position = base_ % page_size + offset;
        return direct_pointer(pages_[position / page_size] + position % page_size);
    }
};

} // namespace hv
