#pragma once
// Profiles `hardened` and `classic`: the guest's GDT, LDT, IDT and TSS, owned by the monitor. Every
// change comes through here, whether asked for by a call or by a store that was trapped.

#include "hypervisor/descriptors/descriptor_rules.h"
#include "hypervisor/descriptors/guest_table.h"
#include "hypervisor/vmx/segment.h"
#include "shared/statistics.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv {

/// Segment registers the rules need to know.
struct RunningSegments {
    Selector code{0};
    Selector stack{0};
};

/// A store to a protected page, judged.
struct StoreVerdict {
    abi::Error error;
    abi::MemoryAccess kind; ///< which table it fell into; `unprotected` beside all of them
};

class ProtectedTables {
  public:
    /// LGDT and SetGDT. The old table's pages are given back. Errors: those of GuestTable::open and
    /// check_segment_table; after the TSS was loaded also kernel_segment and tss_moved.
    abi::Error load_gdt(const TableEnvironment& environment, std::uint64_t base,
                        std::uint32_t limit);
    /// LIDT and SetIDT. After the TSS was loaded also idt_moved.
    abi::Error load_idt(const TableEnvironment& environment, std::uint64_t base,
                        std::uint32_t limit, const RunningSegments& running);
    /// LLDT and SetLDT: fills what LDTR has to hold. A null selector means no LDT.
    abi::Error load_ldt(const TableEnvironment& environment, std::uint16_t selector, Segment& ldtr);
    /// LTR and SetTR: fills what TR has to hold. From the first time on TSS and IDT stay where they
    /// are, and so do the segments in CS and SS. `busy_allowed`: LTR has run already.
    abi::Error load_tr(const TableEnvironment& environment, std::uint16_t selector,
                       const RunningSegments& running, Segment& tr, bool busy_allowed = false);

    /// WriteGDTEntry, WriteLDTEntry: slot `index` of the table at `base`. Errors:
    /// not_current_table, index_out_of_range, and those of check_slot.
    abi::Error write_gdt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t value) {
        if (base == free_slots_.base && index < 64 && (free_slots_.free >> index & 1) != 0 &&
            is_present_data(value)) [[likely]] {
            free_slots_.words[index] = value | SegmentDescriptor::accessed_bit;
            return abi::Error::none;
        }
        return write_segment_slot(gdt_, DescriptorTable::gdt, base, index, value);
    }
    abi::Error write_ldt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t value) {
        return write_segment_slot(ldt_, DescriptorTable::ldt, base, index, value);
    }
    /// WriteIDTEntry: 8-byte half `index` of the table at `base`. Errors: not_current_table,
    /// index_out_of_range, bad_gate.
    abi::Error write_idt_half(std::uint64_t base, std::uint64_t index, std::uint64_t value);

    /// UpdateKernelStack. Errors: not_current_table, bad_address (RSP0 not canonical).
    abi::Error write_rsp0(std::uint64_t tss_base, std::uint64_t rsp0);
    /// WriteTSSWord. Errors: not_current_table, bad_alignment, index_out_of_range.
    abi::Error write_tss_word(std::uint64_t tss_base, std::uint64_t offset, std::uint64_t value);

    /// A trapped store of `size` bytes (1, 2, 4 or 8, within one page) at `gpa`, which lies in a
    /// protected page: judged and, with no error, carried out.
    StoreVerdict store(std::uint64_t gpa, std::uint32_t size, std::uint64_t value);

    /// After a store that ran as an instruction of its own: judges every word of the page that
    /// differs from `before`, and puts all of `before` back when one is refused.
    abi::Error judge_page(std::uint64_t page, const std::uint8_t* before);

    /// Whether a new root of the guest's page tables, a whole page of its RAM, leads to the same
    /// tables. Cheap when its top-level entries are those of a root that was seen to
    /// (docs/profiles.md, "hardened").
    bool root_maps_tables(const GuestMemory& memory, std::uint64_t root);

    /// Calls `visit(linear address)` for each page on which a table lies.
    template <typename Visit>
    void for_each_page(Visit visit) const {
        for (const GuestTable* table : {&gdt_, &ldt_, &idt_, &tss_}) {
            if (!table->is_open())
                continue;
            const std::uint64_t last = table->base() + table->limit();
            for (std::uint64_t page = align_down(table->base(), page_size); page <= last;
                 page += page_size)
                visit(page);
        }
    }

    bool sealed() const { return !kept_.tss.selector.null(); }
    const GuestTable& gdt() const { return gdt_; }
    const GuestTable& idt() const { return idt_; }
    const GuestTable& tss() const { return tss_; }

  private:
    /// A top-level paging entry below which tables are mapped.
    struct KnownEntry {
        std::uint32_t index;
        std::uint64_t value;
    };

    /// What a context switch needs of the GDT: the slots below 64 that may hold any data segment.
    struct FreeSlots {
        std::uint64_t base = ~std::uint64_t{0}; ///< of the GDT; no table's while none may be used
        std::uint64_t free = 0;                 ///< bit n: slot n
        UnalignedWord* words = nullptr;
    };

    FreeSlots free_slots_;
    GuestTable gdt_;
    GuestTable ldt_;
    GuestTable idt_;
    GuestTable tss_;
    KeptSegments kept_;
    Selector gate_selector_{0}; ///< the kernel's code segment, to which gates must lead
    boost::container::static_vector<KnownEntry, 8> known_entries_;

    void find_free_slots();
    [[gnu::noinline]] abi::Error write_segment_slot(GuestTable& table, DescriptorTable kind,
                                                    std::uint64_t base, std::uint64_t index,
                                                    std::uint64_t value);
    abi::Error open_segment_table(const TableEnvironment& environment, DescriptorTable kind,
                                  std::uint64_t base, std::uint32_t limit, GuestTable& table) const;
    abi::Error judge_word(GuestTable& table, abi::MemoryAccess kind, std::uint32_t offset,
                          std::uint64_t& value) const;
    void seal(const TableEnvironment& environment, const RunningSegments& running,
              std::uint16_t tss_selector);
    [[gnu::noinline]] bool new_root_maps_tables(const GuestMemory& memory, std::uint64_t root);
    void learn_root(const GuestMemory& memory, std::uint64_t root);
};

} // namespace hv
