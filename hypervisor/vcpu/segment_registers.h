#pragma once
// The guest's segment registers, LDTR and TR in the VMCS.

#include "hypervisor/x86/segment.h"

#include <cstddef>
#include <cstdint>

namespace hv {

struct Vcpu;

/// Flat segments of privilege level 0, as 64-bit kernels have them.
constexpr Segment flat_code(std::uint16_t selector) { return {selector, 0, 0xFFFFFFFF, {0xA09B}}; }
constexpr Segment flat_data(std::uint16_t selector) { return {selector, 0, 0xFFFFFFFF, {0xC093}}; }

inline constexpr std::size_t segment_register_count = 6;

/// Segment register `number` as instructions number them: ES, CS, SS, DS, FS, GS.
void write_segment(Vcpu& vcpu, std::size_t number, const Segment& segment);

/// Reads it.
Segment read_segment(Vcpu& vcpu, std::size_t number);

void write_ldtr(Vcpu& vcpu, const Segment& segment);
void write_task_register(Vcpu& vcpu, const Segment& segment);

} // namespace hv
