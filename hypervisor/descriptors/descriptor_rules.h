#pragma once
// What profiles `hardened` and `classic` let a guest store in its GDT, LDT and IDT, and load from
// them.
//
// The rules keep one promise. Whatever the guest writes to its descriptor tables, in whatever order
// and in whatever halves, ring 3 can enter ring 0 only through a gate to the kernel's code segment,
// and what the kernel runs on (its segments, its TSS) does not change.
//
// GDT and LDT: every 8-byte slot must be harmless BY ITSELF, as if it were loaded as a descriptor.
// The rules do not record which slot is the upper half of another one, so this cannot be confused:
// an upper half that looks like a present call gate is refused as a call gate. A real upper half
// has zeros in bits 63:32, and thus P = 0, and a slot that is not present is free. So the two
// halves of a system descriptor may be written in either order. The state in between is harmless
// too: in 64-bit mode only LLDT and LTR use such a descriptor, both exit (or are caught by
// registers/descriptor_watch.h), and check_system_descriptor then judges both halves together.
//
// IDT: P in the low half decides. While it is clear, both halves are free. If it is set after a
// write, the two halves TOGETHER must be a valid gate. So a kernel that changes bits 63:32 of the
// offset in a present gate must clear P first, and one that fills a gate that is not present must
// write the high half first.

#include "hypervisor/x86/descriptor.h"
#include "hypervisor/x86/selector.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

/// The largest limits accepted, in bytes. The IDT has no use for more than 256 entries.
inline constexpr std::uint32_t segment_table_max_limit = 0xFFFF;
inline constexpr std::uint32_t idt_max_limit = 256 * 16 - 1;

/// A slot that must keep its value, since the kernel runs on the segment in it.
struct KeptSegment {
    Selector selector{0}; ///< null: nothing to keep
    std::uint64_t descriptor = 0;
};

/// The TSS in TR: both slots of its descriptor must keep their values.
struct KeptTss {
    Selector selector{0}; ///< null: no TSS loaded yet
    SystemDescriptor descriptor{0, 0};
};

/// The segments that the kernel runs on. The accessed bit of segments and the busy bit of the TSS
/// are not compared: the CPU and the monitor set them.
struct KeptSegments {
    KeptSegment code;
    KeptSegment stack;
    KeptTss tss;

    /// Bit n says that slot n of the GDT, below 64, need not keep its value. Bit 0 is clear,
    /// although slot 0 may hold anything.
    [[nodiscard]] constexpr std::uint64_t free_gdt_slots() const {
        std::uint64_t slots = ~std::uint64_t{1};
        const auto keep = [&slots](std::uint32_t index) {
            if (index < 64)
                slots &= ~(std::uint64_t{1} << index);
        };
        for (const Selector selector : {code.selector, stack.selector, tss.selector})
            if (selector.table() == DescriptorTable::gdt)
                keep(selector.index());
        if (!tss.selector.null())
            keep(tss.selector.index() + 1);
        return slots;
    }
};

/// A verdict on a write to a slot.
struct SlotVerdict {
    abi::Error error; ///< none: store `value`
    /// What to store: the guest's value, with the accessed bit set in a present code or data
    /// descriptor. Otherwise the CPU would set the bit on the first load, by a write to a protected
    /// page.
    std::uint64_t value;
};

/// Judges storing `value` in slot `index` of a table. The caller has compared the index with the
/// table's limit. Slot 0 of the GDT is free: null selectors never load it. Errors: call_gate,
/// task_gate, bad_descriptor, conforming_code, kernel_segment, tss_moved.
[[nodiscard]] SlotVerdict check_slot(DescriptorTable table, std::uint32_t index,
                                     std::uint64_t value, const KeptSegments& kept);

/// Whether `value` is a present data segment, which check_slot accepts, with the accessed bit set,
/// in any slot that is not kept. TLS descriptors are such segments, so a context switch takes this
/// short path.
[[nodiscard]] constexpr bool is_present_data(std::uint64_t value) {
    // P, S, and the type's bit 3, which is set for code.
    constexpr std::uint64_t present = std::uint64_t{1} << 47;
    constexpr std::uint64_t code_or_data = std::uint64_t{1} << 44;
    constexpr std::uint64_t code = std::uint64_t{1} << 43;
    return (value & (present | code_or_data | code)) == (present | code_or_data);
}

enum class SystemSegment : std::uint8_t { ldt, tss };

/// Judges loading LDTR or TR from the two halves of a descriptor (LLDT, LTR). A TSS must be
/// available unless `busy_allowed`, and long enough for its fixed part (104 bytes); the base
/// canonical. Errors: not_present, bad_selector for a wrong type, bad_descriptor.
[[nodiscard]] abi::Error check_system_descriptor(SystemSegment kind,
                                                 const SystemDescriptor& descriptor,
                                                 bool busy_allowed = false);

/// Judges a selector given to LLDT or LTR: in the GDT, both slots within the limit (in bytes).
/// A null selector is bad here; LLDT's meaning of it (no LDT) is the caller's. Error: bad_selector.
[[nodiscard]] abi::Error check_system_selector(Selector selector, std::uint32_t gdt_limit);

/// Judges one IDT entry, both halves as they are after a write. If it is not present, it may hold
/// anything. If it is present, it must be a 64-bit interrupt or trap gate, with reserved bits zero,
/// to `kernel_code` and a canonical address in the upper half (48-bit linear addresses). Error:
/// bad_gate.
[[nodiscard]] abi::Error check_gate(const GateDescriptor& gate, Selector kernel_code);

/// Judges a table's limit, in bytes: it must hold whole descriptors, and not exceed the maximum.
/// Error: bad_limit.
[[nodiscard]] abi::Error check_segment_table_limit(std::uint32_t limit);
[[nodiscard]] abi::Error check_idt_limit(std::uint32_t limit);

/// The first offence in a table, and where.
struct TableVerdict {
    abi::Error error;
    std::uint32_t index; ///< of the offending slot or gate; 0 for bad_limit and for none
};

/// Judges a whole GDT or LDT that is about to be loaded; the table must not change meanwhile (its
/// pages are protected first). `read` is std::uint64_t(std::uint32_t index), called once a slot;
/// `write` is void(std::uint32_t index, std::uint64_t value), called for slots whose accessed bit
/// has to be set, also when a later slot is refused.
template <typename Read, typename Write>
[[nodiscard]] TableVerdict check_segment_table(DescriptorTable table, std::uint32_t limit,
                                               const KeptSegments& kept, Read read, Write write) {
    if (const abi::Error error = check_segment_table_limit(limit); error != abi::Error::none)
        return {error, 0};
    for (std::uint32_t index = 0; index < (limit + 1) / 8; ++index) {
        const std::uint64_t value = read(index);
        const SlotVerdict verdict = check_slot(table, index, value, kept);
        if (verdict.error != abi::Error::none)
            return {verdict.error, index};
        if (verdict.value != value)
            write(index, verdict.value);
    }
    return {abi::Error::none, 0};
}

/// Judges a whole IDT. `read` is GateDescriptor(std::uint32_t vector), called once a gate.
template <typename Read>
[[nodiscard]] TableVerdict check_idt(std::uint32_t limit, Selector kernel_code, Read read) {
    if (const abi::Error error = check_idt_limit(limit); error != abi::Error::none)
        return {error, 0};
    for (std::uint32_t vector = 0; vector < (limit + 1) / 16; ++vector) {
        const abi::Error error = check_gate(read(vector), kernel_code);
        if (error != abi::Error::none)
            return {error, vector};
    }
    return {abi::Error::none, 0};
}

} // namespace hv
