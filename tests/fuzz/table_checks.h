#pragma once
// Descriptor tables as docs/profiles.md promises them ("hardened"), judged without the monitor's
// own rules.

#include "hypervisor/descriptors/protected_tables.h"

namespace hv::fuzz {

/// GDT, IDT and TSS of a vCPU.
void check_tables(const ProtectedTables& tables);

/// One slot of a GDT or LDT, whatever its place.
void check_segment_slot(std::uint64_t descriptor);

/// One entry of an IDT whose gates lead to `code`.
void check_gate_entry(std::uint64_t low, std::uint64_t high, std::uint16_t code);

} // namespace hv::fuzz
