// Segment registers (SDM vol. 3, chapter 3; real mode: 21.1.1), and jumps to other segments.

#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/x86/descriptor.h"
#include "hypervisor/x86/selector.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t default_size_bit = 1 << 14;

/// Whether the segment has `size` bytes at `offset`.
bool reaches(const Segment& segment, std::uint32_t offset, std::uint32_t size) {
    const AccessRights rights = segment.access_rights;
    const std::uint64_t last = std::uint64_t{offset} + size - 1;
    const bool data = (rights.type() & segment_type::code) == 0;
    if (data && (rights.type() & segment_type::expand_down) != 0) {
        const std::uint64_t top = rights.default_operation_size() ? 0xFFFFFFFF : 0xFFFF;
        return offset > segment.limit && last <= top;
    }
    return last <= segment.limit;
}

bool allows(AccessRights rights, bool writing) {
    if (!rights.usable())
        return false;
    const bool code = (rights.type() & segment_type::code) != 0;
    return writing ? !code && (rights.type() & segment_type::writable) != 0
                   : !code || (rights.type() & segment_type::readable) != 0;
}

/// Whether ring 0 may load the register with this descriptor (SDM vol. 2, MOV).
bool fits(SegmentNumber number, Selector selector, SegmentDescriptor descriptor) {
    const std::uint8_t requested = selector.requested_privilege_level();
    const std::uint8_t level = descriptor.privilege_level();
    if (!descriptor.code_or_data() || !descriptor.present())
        return false;
    if (number == SegmentNumber::cs)
        return descriptor.code() && requested == 0 && level == 0;
    if (number == SegmentNumber::ss)
        return allows(descriptor.access_rights(), true) && requested == 0 && level == 0;
    return allows(descriptor.access_rights(), false) &&
           (descriptor.conforming() || level >= requested);
}

void load_real_mode(Segment& segment, std::uint16_t selector) {
    // Limit and default size stay as they were.
    segment.selector = selector;
    segment.base = std::uint64_t{selector} << 4;
    segment.access_rights = {(segment.access_rights.raw & default_size_bit) |
                             real_mode_access_rights};
}

} // namespace

std::uint32_t Processor::linear(SegmentNumber number, std::uint32_t offset, std::uint32_t size,
                                bool for_writing) {
    const Segment& segment = state.segment(number);
    if (!allows(segment.access_rights, for_writing))
        refuse("a segment that does not allow the access");
    else if (!reaches(segment, offset, size))
        refuse("an address beyond the segment's limit");
    return static_cast<std::uint32_t>(segment.base) + offset;
}

void Processor::load_segment(SegmentNumber number, std::uint16_t raw) {
    Segment& segment = state.segment(number);
    if (!state.protected_mode()) {
        load_real_mode(segment, raw);
        return;
    }
    const Selector selector{raw};
    const bool needed = number == SegmentNumber::cs || number == SegmentNumber::ss;
    if (selector.null() && !needed) {
        segment = {.selector = raw};
        return;
    }
    const std::uint32_t slot = raw & 0xFFF8U;
    if (selector.null() || selector.table() != DescriptorTable::gdt ||
        slot + 7 > state.gdtr.limit) {
        refuse("a selector that is null or not of the GDT");
        return;
    }
    const SegmentDescriptor descriptor{
        read_linear(static_cast<std::uint32_t>(state.gdtr.base) + slot, 8)};
    if (!fits(number, selector, descriptor)) {
        refuse("a descriptor that does not fit its register");
        return;
    }
    // The accessed bit in memory is not set here: the vCPU's next load of the segment sets it.
    segment = segment_from_descriptor(raw, descriptor.raw | SegmentDescriptor::accessed_bit);
}

void Processor::jump_far(std::uint16_t selector, std::uint32_t offset) {
    load_segment(SegmentNumber::cs, selector);
    const AccessRights rights = state.segment(SegmentNumber::cs).access_rights;
    if (state.in_64_bit_mode() && rights.default_operation_size())
        refuse("a code segment with both L and D");
    next = offset;
}

} // namespace hv::startup
