#pragma once
// The descriptor tables of all vCPUs. A store may go to a table of another vCPU, or to one that
// several vCPUs share.

#include "hypervisor/descriptors/protected_tables.h"
#include "shared/processors.h"

namespace hv {

/// All of it is used with the page-table lock held; so are loads of GDTR, IDTR, LDTR and TR.
class AllTables {
  public:
    /// `tables` must outlive this object.
    void add(ProtectedTables& tables) { tables_.push_back(&tables); }

    /// WriteGDTEntry on a GDT that `own` shares with others: judged by the rules of all of them.
    /// Errors: those of ProtectedTables::write_gdt_entry; bad_alignment when the slot crosses
    /// pages.
    abi::Error write_gdt_entry(const ProtectedTables& own, std::uint64_t base, std::uint64_t index,
                               std::uint64_t value);

    /// Whether no table overlaps `table`, except tables of the same kind whose entries coincide
    /// with its own.
    bool leave_room_for(const GuestTable& table, TableKind kind) const;

    /// False if the IDT of another vCPU overlaps `idt`, and its gates must lead to another code
    /// segment than `code`: `own` would write gates that do not lead there.
    bool agree_on_gates(const ProtectedTables& own, const GuestTable& idt, Selector code) const;

    /// Called when `own` loads `gdt`. Returns whether the GDT of another vCPU overlaps it; that
    /// vCPU is then told that its GDT is shared.
    bool share_gdt(const ProtectedTables& own, const GuestTable& gdt) const;

    /// A trapped store of `size` bytes (1, 2, 4 or 8, within one page) at `gpa`, which lies in a
    /// protected page: judged by the rules of every vCPU whose table it falls into, and, with no
    /// error, carried out.
    StoreVerdict store(std::uint64_t gpa, std::uint32_t size, std::uint64_t value);

    /// Applies what a stepped instruction has done to a page: it found `before` and left `image`.
    /// Its changes are merged with those that other vCPUs have made to the page meanwhile. The
    /// result is judged and, if there is no error, written. `before` and `image` are whole pages,
    /// 8-byte aligned, and are changed by this function.
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
