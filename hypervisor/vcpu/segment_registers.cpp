#include "hypervisor/vcpu/segment_registers.h"

#include "hypervisor/vcpu/vcpu.h"

#include <iterator>

namespace hv {

namespace {

struct SegmentFields {
    Field selector;
    Field base;
    Field limit;
    Field access_rights;
};

/// By SegmentNumber.
constexpr SegmentFields segment_fields[]{{Field::guest_es_selector, Field::guest_es_base,
                                          Field::guest_es_limit, Field::guest_es_access_rights},
                                         {Field::guest_cs_selector, Field::guest_cs_base,
                                          Field::guest_cs_limit, Field::guest_cs_access_rights},
                                         {Field::guest_ss_selector, Field::guest_ss_base,
                                          Field::guest_ss_limit, Field::guest_ss_access_rights},
                                         {Field::guest_ds_selector, Field::guest_ds_base,
                                          Field::guest_ds_limit, Field::guest_ds_access_rights},
                                         {Field::guest_fs_selector, Field::guest_fs_base,
                                          Field::guest_fs_limit, Field::guest_fs_access_rights},
                                         {Field::guest_gs_selector, Field::guest_gs_base,
                                          Field::guest_gs_limit, Field::guest_gs_access_rights}};
constexpr SegmentFields ldtr_fields{Field::guest_ldtr_selector, Field::guest_ldtr_base,
                                    Field::guest_ldtr_limit, Field::guest_ldtr_access_rights};
constexpr SegmentFields tr_fields{Field::guest_tr_selector, Field::guest_tr_base,
                                  Field::guest_tr_limit, Field::guest_tr_access_rights};

static_assert(std::size(segment_fields) == segment_register_count);

void write(const Vmcs& vmcs, const SegmentFields& fields, const Segment& segment) {
    vmcs.write(fields.selector, segment.selector);
    vmcs.write(fields.base, segment.base);
    vmcs.write(fields.limit, segment.limit);
    vmcs.write(fields.access_rights, segment.access_rights.raw);
}

} // namespace

void write_segment(Vcpu& vcpu, std::size_t number, const Segment& segment) {
    write(vcpu.vmcs, segment_fields[number], segment);
}

Segment read_segment(Vcpu& vcpu, std::size_t number) {
    const Vmcs& vmcs = vcpu.vmcs;
    const SegmentFields& fields = segment_fields[number];
    return {static_cast<std::uint16_t>(vmcs.read(fields.selector)),
            vmcs.read(fields.base),
            static_cast<std::uint32_t>(vmcs.read(fields.limit)),
            {static_cast<std::uint32_t>(vmcs.read(fields.access_rights))}};
}

abi::PseudoDescriptor read_gdtr(const Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    return {static_cast<std::uint16_t>(vmcs.read(Field::guest_gdtr_limit)),
            vmcs.read(Field::guest_gdtr_base)};
}

abi::PseudoDescriptor read_idtr(const Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    return {static_cast<std::uint16_t>(vmcs.read(Field::guest_idtr_limit)),
            vmcs.read(Field::guest_idtr_base)};
}

void write_ldtr(Vcpu& vcpu, const Segment& segment) { write(vcpu.vmcs, ldtr_fields, segment); }

void write_task_register(Vcpu& vcpu, const Segment& segment) {
    write(vcpu.vmcs, tr_fields, segment);
}

} // namespace hv
