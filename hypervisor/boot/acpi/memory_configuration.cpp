#include "hypervisor/boot/acpi/memory_configuration.h"

#include "hypervisor/boot/acpi/tables.h"
#include "hypervisor/memory/layout.h"

#include <algorithm>

namespace hv {

namespace {

// Offsets in the MCFG (table 4-2) and in its entries (table 4-3).
constexpr std::uint32_t entries = 44;
constexpr std::uint32_t entry_size = 16;
constexpr std::uint32_t segment_group = 8;
constexpr std::uint32_t first_bus = 10;

/// The configuration space of a bus: 32 devices with 8 functions, a page each.
constexpr std::uint64_t bus_size = page_size * 32 * 8;

constexpr std::uint64_t offset_of(const GuardedRegisters& registers) {
    return std::uint64_t{registers.function >> 8} * page_size;
}

const char* add_pages(Chipset& chipset, std::uint64_t bus_0) {
    if (bus_0 % bus_size != 0 || bus_0 + bus_size < bus_0)
        return "ACPI: the MCFG has an address that cannot be right";
    auto& pages = chipset.guarded_pages;
    for (const GuardedRegisters& registers : chipset.guarded) {
        const std::uint64_t page = bus_0 + offset_of(registers);
        if (std::find(pages.begin(), pages.end(), page) != pages.end())
            continue;
        if (pages.size() == pages.capacity())
            return "ACPI: the MCFG has bus 0 more than once";
        pages.push_back(page);
    }
    return nullptr;
}

} // namespace

const char* find_guarded_pages(Chipset& chipset, std::uint64_t rsdp, std::uint64_t readable_end) {
    const acpi::FoundTable found = acpi::find_table(rsdp, acpi::signature("MCFG"), readable_end);
    if (!found.table)
        return nullptr;
    const acpi::Bytes& table = *found.table;
    const char* problem = nullptr;
    for (std::uint32_t entry = entries; entry + entry_size <= table.size; entry += entry_size) {
        if (table.word<std::uint16_t>(entry + segment_group) != 0 ||
            table.word<std::uint8_t>(entry + first_bus) != 0)
            continue;
        if (const char* const its = add_pages(chipset, table.word<std::uint64_t>(entry));
            its != nullptr)
            problem = its;
    }
    return problem;
}

} // namespace hv
