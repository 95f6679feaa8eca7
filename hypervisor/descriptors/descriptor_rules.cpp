#include "hypervisor/descriptors/descriptor_rules.h"

namespace hv {
namespace {

using abi::Error;

// The fixed part of a 64-bit TSS (SDM vol. 3, 8.7).
constexpr std::uint32_t tss_fixed_size = 104;

// With 48-bit linear addresses: bits 63:47 all equal.
constexpr bool canonical(std::uint64_t address) {
    const std::uint64_t upper = bits(address, 63, 47);
    return upper == 0 || upper == mask(16, 0);
}
constexpr bool upper_half(std::uint64_t address) { return bits(address, 63, 47) == mask(16, 0); }

Error check_code_or_data(SegmentDescriptor descriptor) {
    if (!descriptor.code())
        return Error::none;
    // SDM vol. 3, 5.2.1: L and D together are reserved.
    const AccessRights rights = descriptor.access_rights();
    if (rights.long_mode() && rights.default_operation_size())
        return Error::bad_descriptor;
    if (descriptor.conforming() && descriptor.privilege_level() != 3)
        return Error::conforming_code;
    return Error::none;
}

Error check_system(DescriptorTable table, SegmentDescriptor descriptor) {
    switch (descriptor.type()) {
    case segment_type::call_gate:
    case segment_type::call_gate_16:
        return Error::call_gate;
    case segment_type::task_gate:
        return Error::task_gate;
    case segment_type::ldt:
    case segment_type::tss_available:
    case segment_type::tss_busy:
        // LLDT and LTR take them from the GDT only.
        return table == DescriptorTable::gdt ? Error::none : Error::bad_descriptor;
    default:
        return Error::bad_descriptor;
    }
}

bool names(Selector selector, DescriptorTable table, std::uint32_t index) {
    return !selector.null() && selector.table() == table && selector.index() == index;
}

bool differs(std::uint64_t first, std::uint64_t second, std::uint64_t ignored_bits) {
    return ((first ^ second) & ~ignored_bits) != 0;
}

Error check_kept(DescriptorTable table, std::uint32_t index, std::uint64_t value,
                 const KeptSegments& kept) {
    for (const KeptSegment* segment : {&kept.code, &kept.stack}) {
        if (names(segment->selector, table, index) &&
            differs(value, segment->descriptor, SegmentDescriptor::accessed_bit)) {
            return Error::kernel_segment;
        }
    }
    const KeptTss& tss = kept.tss;
    if (names(tss.selector, table, index) &&
        differs(value, tss.descriptor.low, SegmentDescriptor::busy_bit))
        return Error::tss_moved;
    const Selector next{static_cast<std::uint16_t>(tss.selector.raw + 8)};
    if (!tss.selector.null() && names(next, table, index) && value != tss.descriptor.high)
        return Error::tss_moved;
    return Error::none;
}

} // namespace

SlotVerdict check_slot(DescriptorTable table, std::uint32_t index, std::uint64_t value,
                       const KeptSegments& kept) {
    if (table == DescriptorTable::gdt && index == 0)
        return {Error::none, value};
    const SegmentDescriptor descriptor{value};
    if (descriptor.present()) {
        const Error error = descriptor.code_or_data() ? check_code_or_data(descriptor)
                                                      : check_system(table, descriptor);
        if (error != Error::none)
            return {error, value};
    }
    if (const Error error = check_kept(table, index, value, kept); error != Error::none)
        return {error, value};
    if (descriptor.present() && descriptor.code_or_data())
        return {Error::none, value | SegmentDescriptor::accessed_bit};
    return {Error::none, value};
}

Error check_system_descriptor(SystemSegment kind, const SystemDescriptor& descriptor,
                              bool busy_allowed) {
    const SegmentDescriptor lower = descriptor.lower();
    if (lower.code_or_data())
        return Error::bad_selector;
    const std::uint8_t type = lower.type();
    const bool right_type = kind == SystemSegment::ldt
                                ? type == segment_type::ldt
                                : type == segment_type::tss_available ||
                                      (busy_allowed && type == segment_type::tss_busy);
    if (!right_type)
        return Error::bad_selector;
    if (!lower.present())
        return Error::not_present;
    if ((descriptor.high & SystemDescriptor::reserved_high_bits) != 0 ||
        !canonical(descriptor.base()))
        return Error::bad_descriptor;
    if (kind == SystemSegment::tss && lower.limit() < tss_fixed_size - 1)
        return Error::bad_descriptor;
    return Error::none;
}

Error check_system_selector(Selector selector, std::uint32_t gdt_limit) {
    const bool within = std::uint64_t{selector.index()} * 8 + 15 <= gdt_limit;
    return selector.null() || selector.table() != DescriptorTable::gdt || !within
               ? Error::bad_selector
               : Error::none;
}

Error check_gate(const GateDescriptor& gate, Selector kernel_code) {
    if (!gate.present())
        return Error::none;
    const bool right_type =
        gate.type() == segment_type::interrupt_gate || gate.type() == segment_type::trap_gate;
    const bool reserved_zero = (gate.low & GateDescriptor::reserved_low_bits) == 0 &&
                               (gate.high & GateDescriptor::reserved_high_bits) == 0;
    return right_type && reserved_zero && gate.selector() == kernel_code.raw &&
                   upper_half(gate.offset())
               ? Error::none
               : Error::bad_gate;
}

Error check_segment_table_limit(std::uint32_t limit) {
    return limit <= segment_table_max_limit && (limit + 1) % 8 == 0 ? Error::none
                                                                    : Error::bad_limit;
}

Error check_idt_limit(std::uint32_t limit) {
    return limit <= idt_max_limit && (limit + 1) % 16 == 0 ? Error::none : Error::bad_limit;
}

} // namespace hv
