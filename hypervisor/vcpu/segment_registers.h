#pragma once
// The guest's segment and descriptor-table registers in the VMCS.

#include "hypervisor/x86/segment.h"
#include "shared/vcpu_area.h"

#include <cstddef>
#include <cstdint>

namespace hv {

struct Vcpu;

/// Flat segments of privilege level 0, as 64-bit kernels use them.
constexpr Segment flat_code(std::uint16_t selector) { return {selector, 0, 0xFFFFFFFF, {0xA09B}}; }
constexpr Segment flat_code_32(std::uint16_t selector) {
    return {selector, 0, 0xFFFFFFFF, {0xC09B}};
}
constexpr Segment flat_data(std::uint16_t selector) { return {selector, 0, 0xFFFFFFFF, {0xC093}}; }

/// Segment register `number`, a SegmentNumber.
void write_segment(Vcpu& vcpu, std::size_t number, const Segment& segment);
Segment read_segment(Vcpu& vcpu, std::size_t number);

/// GDTR and IDTR.
abi::PseudoDescriptor read_gdtr(const Vcpu& vcpu);
abi::PseudoDescriptor read_idtr(const Vcpu& vcpu);

void write_ldtr(Vcpu& vcpu, const Segment& segment);
void write_task_register(Vcpu& vcpu, const Segment& segment);

} // namespace hv
