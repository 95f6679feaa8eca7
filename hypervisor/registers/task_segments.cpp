#include "hypervisor/registers/task_segments.h"

#include "hypervisor/registers/implicit_access.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/x86/descriptor.h"
#include "hypervisor/x86/rflags.h"

#include <algorithm>

namespace hv {

namespace {

constexpr std::uint64_t low_half = 0xFFFFFFFF;
constexpr SegmentNumber data_segments[]{SegmentNumber::es, SegmentNumber::ds, SegmentNumber::fs,
                                        SegmentNumber::gs};

} // namespace

std::uint32_t selector_code(const Vcpu& vcpu, std::uint16_t selector) {
    const InterruptionInformation event = interrupted_event(vcpu);
    const bool is_external =
        event.valid() && (event.type() == InterruptionType::external_interrupt ||
                          event.type() == InterruptionType::nmi ||
                          event.type() == InterruptionType::hardware_exception);
    return (selector & ~selector_error::mask) | (is_external ? 1U : 0U);
}

std::optional<std::uint64_t> descriptor_address(const Vcpu& vcpu, Selector selector) {
    constexpr std::uint32_t size = 8;
    const Vmcs& vmcs = vcpu.vmcs;
    const bool is_local = selector.table() == DescriptorTable::ldt;
    const AccessRights ldtr{static_cast<std::uint32_t>(vmcs.read(Field::guest_ldtr_access_rights))};
    if (is_local && !ldtr.usable())
        return std::nullopt;
    const std::uint64_t base =
        vmcs.read(is_local ? Field::guest_ldtr_base : Field::guest_gdtr_base);
    const std::uint64_t limit =
        vmcs.read(is_local ? Field::guest_ldtr_limit : Field::guest_gdtr_limit);
    const std::uint64_t offset = std::uint64_t{selector.index()} * size;
    if (offset + size - 1 > limit)
        return std::nullopt;
    return (base + offset) & low_half;
}

bool load_task_ldt(Vcpu& vcpu, std::uint16_t raw) {
    const Selector selector{raw};
    write_ldtr(vcpu, {raw, 0, 0, AccessRights::unusable()});
    if (selector.null())
        return true;
    const auto address = selector.table() == DescriptorTable::gdt
                             ? descriptor_address(vcpu, selector)
                             : std::nullopt;
    SegmentDescriptor descriptor{};
    if (address && !read_implicitly(vcpu, *address, descriptor.raw))
        return false;
    if (!address || descriptor.code_or_data() || descriptor.type() != segment_type::ldt ||
        !descriptor.present()) {
        inject_exception(vcpu, vector::invalid_tss, selector_code(vcpu, raw));
        return false;
    }
    write_ldtr(vcpu, segment_from_descriptor(raw, descriptor.raw));
    return true;
}

bool TaskSegments::is_virtual_8086() const {
    return (registers_.eflags & rflags::virtual_8086_mode) != 0;
}

void TaskSegments::write(SegmentNumber number, const Segment& segment) {
    write_segment(vcpu_, static_cast<std::size_t>(number), segment);
}

void TaskSegments::load_virtual_8086() {
    constexpr AccessRights rights{0xF3}; // SDM vol. 3, 27.3.1.2
    for (std::size_t number = 0; number < segment_register_count; ++number) {
        const auto value = static_cast<std::uint16_t>(registers_.selector[number]);
        write_segment(vcpu_, number, {value, std::uint64_t{value} << 4, 0xFFFF, rights});
    }
}

void TaskSegments::begin() {
    if (is_virtual_8086())
        return load_virtual_8086();
    for (const SegmentNumber number : data_segments)
        write(number, {selector(number).raw, 0, 0, AccessRights::unusable()});
    // Without "unrestricted guest", VM entry demands RPLs that are the DPLs (27.3.1.2).
    constexpr std::uint16_t rpl = 3;
    const bool has_any_rpl = vcpu_.machine->runs_in_every_mode();
    const auto of_ring_0 = [&](SegmentNumber number) {
        const std::uint16_t raw = selector(number).raw;
        return static_cast<std::uint16_t>(has_any_rpl ? raw : raw & ~rpl);
    };
    write(SegmentNumber::cs, flat_code_32(of_ring_0(SegmentNumber::cs)));
    write(SegmentNumber::ss, flat_data(of_ring_0(SegmentNumber::ss)));
}

bool TaskSegments::fail(std::uint8_t vector, Selector wanted) {
    inject_exception(vcpu_, vector, selector_code(vcpu_, wanted.raw));
    return false;
}

// The rules of SDM vol. 3, 8.3, table 8-1: #TS, but for a segment that is absent.
bool TaskSegments::is_right(SegmentNumber number, std::uint64_t raw) const {
    const SegmentDescriptor descriptor{raw};
    const std::uint8_t requested = selector(number).requested_privilege_level();
    const std::uint8_t level = descriptor.privilege_level();
    const std::uint8_t type = descriptor.type();
    if (!descriptor.code_or_data())
        return false;
    switch (number) {
    case SegmentNumber::cs:
        return descriptor.code() &&
               (descriptor.conforming() ? level <= requested : level == requested);
    case SegmentNumber::ss:
        return !descriptor.code() && (type & segment_type::writable) != 0 && level == requested &&
               level == privilege_level();
    default:
        return descriptor.code() ? (type & segment_type::readable) != 0 &&
                                       (descriptor.conforming() ||
                                        level >= std::max(requested, privilege_level()))
                                 : level >= std::max(requested, privilege_level());
    }
}

bool TaskSegments::read(SegmentNumber number, Segment& segment, bool is_needed) {
    const Selector wanted = selector(number);
    segment = {wanted.raw, 0, 0, AccessRights::unusable()};
    if (wanted.null())
        return !is_needed || fail(vector::invalid_tss, wanted);
    const auto address = descriptor_address(vcpu_, wanted);
    if (!address)
        return fail(vector::invalid_tss, wanted);
    SegmentDescriptor descriptor{};
    if (!read_implicitly(vcpu_, *address, descriptor.raw))
        return false;
    if (!is_right(number, descriptor.raw))
        return fail(vector::invalid_tss, wanted);
    if (!descriptor.present()) {
        return fail(number == SegmentNumber::ss ? vector::stack_segment_fault
                                                : vector::segment_not_present,
                    wanted);
    }
    if ((descriptor.raw & SegmentDescriptor::accessed_bit) == 0) {
        descriptor.raw |= SegmentDescriptor::accessed_bit;
        if (!write_implicitly(vcpu_, *address, descriptor.raw))
            return false;
    }
    segment = segment_from_descriptor(wanted.raw, descriptor.raw);
    return true;
}

bool TaskSegments::load() {
    if (is_virtual_8086())
        return true;
    Segment code;
    Segment stack;
    if (!read(SegmentNumber::cs, code, true) || !read(SegmentNumber::ss, stack, true))
        return false;
    write(SegmentNumber::cs, code);
    write(SegmentNumber::ss, stack);
    for (const SegmentNumber number : data_segments) {
        Segment data;
        if (!read(number, data, false))
            return false;
        write(number, data);
    }
    return true;
}

} // namespace hv
