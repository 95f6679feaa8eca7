#pragma once
// The descriptor tables of all vCPUs: a store may go to another vCPU's, or to one that several
// share.

#include "hypervisor/descriptors/protected_tables.h"
#include "shared/processors.h"

namespace hv {

/// All of it is used with the page-table lock held, as the loads of GDTR, IDTR, LDTR and TR are.
class AllTables {
  public:
    /// `tables` must outlive this object.
    void add(ProtectedTables& tables) { tables_.push_back(&tables); }

    /// WriteGDTEntry on a GDT that `own` shares with others: judged by the rules of all of them.
    /// Errors: those of ProtectedTables::write_gdt_entry; bad_alignment when the slot crosses
    /// pages.
    abi::Error write_gdt_entry(const ProtectedTables& own, std::uint64_t base, std::uint64_t index,
                               std::uint64_t value);

    /// Whether no table has a byte of `table`, but those of the same kind with the same entries.
    bool leave_room_for(const GuestTable& table, TableKind kind) const;

    /// Whether no other vCPU has bytes of `idt` and another code segment for its gates: `own` would
    /// write gates that do not lead there.
    bool agree_on_gates(const ProtectedTables& own, const GuestTable& idt, Selector code) const;

    /// `own` has loaded its GDT: whether another vCPU's has bytes of it, which then knows it.
    bool share_gdt_of(const ProtectedTables& own) const;

    /// A trapped store of `size` bytes (1, 2, 4 or 8, within one page) at `gpa`, which lies in a
    /// protected page: judged by the rules of every vCPU whose table it falls into, and, with no
    /// error, carried out.
    StoreVerdict store(std::uint64_t gpa, std::uint32_t size, std::uint64_t value);

    /// What a store that ran as an instruction of its own made of a page: from `before` to `image`.
    /// Its changes go on top of what other vCPUs have made of the page meanwhile; judged, then,
    /// with no error, written. Both are whole pages, 8-byte aligned, and not as they were
    /// afterwards.
    abi::Error apply(std::uint64_t page, std::uint8_t* before, std::uint8_t* image);

    /// Calls `visit(linear address)` for each page on which a table of any vCPU lies.
    template <typename Visit>
    void for_each_page(Visit visit) const {
        for (const ProtectedTables* tables : tables_)
            tables->for_each_page(visit);
    }

  private:
    boost::container::static_vector<ProtectedTables*, abi::max_vcpus> tables_;
};

} // namespace hv
