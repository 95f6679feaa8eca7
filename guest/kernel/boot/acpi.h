#pragma once
// The processors that firmware names: the ACPI MADT behind the RSDP (ACPI specification 6.5, 5.2.5
// and 5.2.12). Pure. What is read is bounded, and a table that makes no sense is none.

#include <array>
#include <cstdint>

namespace guest::acpi {

/// Processors a list can have; what a table names beyond them is left out.
inline constexpr std::uint32_t max_processors = 8;

/// Local APIC identifiers, the boot processor's first, the others in the order of the table.
struct ProcessorList {
    std::uint32_t count = 1;
    std::array<std::uint32_t, max_processors> apic_id{};
};

/// Where `size` bytes at a physical address can be read; null if they cannot.
using ReadablePhysical = const std::uint8_t* (*)(std::uint64_t physical, std::uint64_t size);

/// The enabled processors of the MADT that the RSDP at `rsdp` leads to; the boot processor alone if
/// there is no such table, or none that names it.
ProcessorList find_processors(std::uint64_t rsdp, std::uint32_t boot_apic_id,
                              ReadablePhysical readable);

} // namespace guest::acpi
