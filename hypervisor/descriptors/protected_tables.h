#pragma once
// Profiles `hardened` and `classic`: the guest's GDT, LDT, IDT and TSS, owned by the monitor. Every
// change comes through here, whether asked for by a call or by a store that was trapped.

#include "hypervisor/descriptors/descriptor_rules.h"
#include "hypervisor/descriptors/guest_table.h"
#include "hypervisor/x86/segment.h"
#include "shared/statistics.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv {

/// The segment registers that the rules need to know.
struct RunningSegments {
    Selector code{0};
    Selector stack{0};
};

/// The verdict on a store to a protected page.
struct StoreVerdict {
    abi::Error error;
    abi::MemoryAccess kind; ///< the table it fell into; `unprotected` if into none
};

/// A word that a store would change, and its value after the store.
struct TableChange {
    GuestTable* table;
    std::uint32_t offset;
    std::uint64_t value;
    std::uint64_t gpa; ///< of the word, when it lies within one page
};
/// The changes of one store: at most two words in each table that has the page. vCPUs that share a
/// table share a change.
using TableChanges = boost::container::static_vector<TableChange, 24>;

enum class TableKind : std::uint8_t { gdt, ldt, idt, tss };

class ProtectedTables {
  public:
    // Tables of different kinds, of whichever vCPUs, never overlap, since each is judged by the
    // rules of its own kind. Tables of one kind may share whole entries. Error otherwise:
    // protected_page.

    /// LGDT and SetGDT. The pages of the old table are no longer protected. Errors: those of
    /// GuestTable::open and check_segment_table; once a TSS has been loaded, also kernel_segment
    /// and tss_moved.
    abi::Error load_gdt(const TableEnvironment& environment, std::uint64_t base,
                        std::uint32_t limit);
    /// LIDT and SetIDT. Errors: those of GuestTable::open and check_idt; once a TSS has been
    /// loaded, also idt_moved, unless it is the same memory or the first IDT.
    abi::Error load_idt(const TableEnvironment& environment, std::uint64_t base,
                        std::uint32_t limit, const RunningSegments& running);
    /// LLDT and SetLDT: fills what LDTR has to hold. A null selector means no LDT.
    abi::Error load_ldt(const TableEnvironment& environment, std::uint16_t selector, Segment& ldtr);
    /// LTR and SetTR: fills what TR has to hold. After the first call TSS and IDT can no longer be
    /// moved, and the segments in CS and SS no longer changed. `busy_allowed`: LTR has run already.
    abi::Error load_tr(const TableEnvironment& environment, std::uint16_t selector,
                       const RunningSegments& running, Segment& tr, bool busy_allowed = false);

    /// The fast path of WriteGDTEntry, for context switches. Returns false, and does nothing,
    /// unless the slot may hold any data segment and the value is a present one.
    bool write_free_slot(std::uint64_t base, std::uint64_t index, std::uint64_t value) {
        if (base != free_slots_.base || index >= 64 || (free_slots_.free >> index & 1) == 0 ||
            !is_present_data(value)) [[unlikely]]
            return false;
        free_slots_.words[index] = value | SegmentDescriptor::accessed_bit;
        return true;
    }
    /// WriteGDTEntry, WriteLDTEntry: slot `index` of the table at `base`. Errors:
    /// not_current_table, index_out_of_range, and those of check_slot. A GDT that is shared must be
    /// written by AllTables instead.
    abi::Error write_gdt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t value) {
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

    /// A trapped store of `size` bytes (1, 2, 4 or 8, within one page) at `gpa`: judges the values
    /// that the words of these tables would have after it, and adds them to `changes`. Errors:
    /// those of the calls that write an entry; bad_value when too many tables overlap there.
    StoreVerdict judge_store(std::uint64_t gpa, std::uint32_t size, std::uint64_t value,
                             TableChanges& changes);

    /// Judges every word of these tables in which the page `image` differs from `before`, as if it
    /// lay at `page`; sets accessed bits in it.
    abi::Error judge_image(std::uint64_t page, const std::uint8_t* before,
                           std::uint8_t* image) const;

    /// GDTR or IDTR has been loaded with a table that is not to be protected: from then on the
    /// monitor owns no such table. Not to be called once a TSS has been loaded.
    void leave_gdt(Translation& pages);
    void leave_idt(Translation& pages) {
        idt_.close(pages);
        half_gate_ = no_half_gate;
    }

    /// Closes all tables: the vCPU has none afterwards.
    void close(Translation& pages);

    /// For a kernel that was not written for lazyhv, and writes the low half of a gate first. Such
    /// a gate leads nowhere until the high half is written, and is stored as not present until
    /// then.
    void take_half_gates() { takes_half_gates_ = true; }

    /// Whether a new root of the guest's page tables, a whole page of its RAM, maps the descriptor
    /// tables as before. This is cheap if its top-level entries are those of a root that has been
    /// checked (docs/profiles.md, "hardened").
    bool root_maps_tables(const GuestMemory& memory, std::uint64_t root);
    /// Whether its top-level entries are those of a root that has been checked.
    bool knows_entries_of(std::uint64_t root) const {
        for (const KnownEntry& entry : known_entries_) {
            const std::uint64_t value =
                direct_word<std::uint64_t>(root + std::uint64_t{entry.index} * table_word);
            if ((value & ~paging::accessed) != entry.value)
                return false;
        }
        return true;
    }

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

    /// Whether another vCPU's GDT has had bytes in common with this one since it was loaded.
    bool gdt_is_shared() const { return __atomic_load_n(&gdt_is_shared_, __ATOMIC_RELAXED); }
    /// Called by a vCPU that shares the GDT: none of its slots is free from now on.
    void share_gdt() {
        __atomic_store_n(&gdt_is_shared_, true, __ATOMIC_RELAXED);
        // Both are changed, since a guest may give no_free_slots as a base.
        __atomic_store_n(&free_slots_.free, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&free_slots_.base, no_free_slots, __ATOMIC_SEQ_CST);
    }

    bool sealed() const { return !kept_.tss.selector.null(); }
    const GuestTable& gdt() const { return gdt_; }
    const GuestTable& idt() const { return idt_; }
    const GuestTable& tss() const { return tss_; }
    /// The code segment to which gates of the IDT must lead.
    Selector gate_selector() const { return gate_selector_; }
    /// Whether no table here overlaps `table`, except one of the same kind whose entries coincide
    /// with its own.
    bool leave_room_for(const GuestTable& table, TableKind kind) const;

  private:
    /// A top-level paging entry below which descriptor tables are mapped.
    struct KnownEntry {
        std::uint32_t index;
        std::uint64_t value;
    };

    /// What a context switch needs of the GDT: the slots below 64 that may hold any data segment.
    static constexpr std::uint64_t no_free_slots = ~std::uint64_t{0}; ///< base of no table
    static constexpr std::uint32_t no_half_gate = ~std::uint32_t{0};
    struct FreeSlots {
        std::uint64_t base = no_free_slots; ///< of the GDT
        std::uint64_t free = 0;             ///< bit n: slot n
        UnalignedWord* words = nullptr;
    };

    FreeSlots free_slots_;
    bool gdt_is_shared_ = false;
    bool takes_half_gates_ = false;
    std::uint32_t half_gate_ = no_half_gate; ///< offset in the IDT of a low half that waits
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
    static abi::Error open_table(const TableEnvironment& environment, TableKind kind,
                                 std::uint64_t base, std::uint32_t limit, GuestTable& table);
    abi::Error open_segment_table(const TableEnvironment& environment, TableKind kind,
                                  std::uint64_t base, std::uint32_t limit, GuestTable& table) const;
    abi::Error judge_word(abi::MemoryAccess kind, std::uint32_t offset, std::uint64_t& value,
                          std::uint64_t other_half) const;
    bool is_half_gate(std::uint32_t offset, std::uint64_t value) const;
    abi::Error judge_gate_half(std::uint32_t offset, std::uint64_t& value, TableChanges& changes);
    void seal(const TableEnvironment& environment, const RunningSegments& running,
              std::uint16_t tss_selector);
    void learn_root(const GuestMemory& memory, std::uint64_t root);
};

} // namespace hv
