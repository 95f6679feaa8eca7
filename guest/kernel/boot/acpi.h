#pragma once
// What the firmware lists in the ACPI MADT and FADT, which are found through the RSDP (ACPI
// specification 6.5, 5.2.5, 5.2.9 and 5.2.12). Pure. The amount that is read is bounded, and an
// invalid ACPI table is ignored.

#include <array>
#include <cstdint>

namespace guest::acpi {

/// The most processors that a list can hold; further ones in the MADT are left out.
inline constexpr std::uint32_t max_processors = 8;

/// Local APIC identifiers: the boot processor's first, then the others in the order of the MADT.
struct ProcessorList {
    std::uint32_t count = 1;
    std::array<std::uint32_t, max_processors> apic_id{};
};

/// Returns where `size` bytes of a physical address can be read, or null if they cannot.
using ReadablePhysical = const std::uint8_t* (*)(std::uint64_t physical, std::uint64_t size);

/// Returns the enabled processors of the MADT that is found through the RSDP at physical address
/// `rsdp`. Returns the boot processor alone if there is no MADT, or if the MADT does not list it.
ProcessorList find_processors(std::uint64_t rsdp, std::uint32_t boot_apic_id,
                              ReadablePhysical readable);

/// The first of the two ports of PM1a_CNT, which puts the machine to sleep, from the FADT (5.2.9);
/// 0 if there is none.
std::uint16_t find_sleep_port(std::uint64_t rsdp, ReadablePhysical readable);

} // namespace guest::acpi
