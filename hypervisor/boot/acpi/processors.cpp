#include "hypervisor/boot/acpi/processors.h"

#include "hypervisor/boot/acpi/tables.h"

#include <algorithm>

namespace hv {

namespace {

// The MADT (tables 5.19 to 5.22 and 5.34).
constexpr std::uint32_t madt_entries = 44;
constexpr std::uint8_t local_apic = 0;
constexpr std::uint8_t local_x2apic = 9;
constexpr std::uint8_t local_apic_size = 8;
constexpr std::uint8_t local_x2apic_size = 16;
constexpr std::uint32_t enabled = 1 << 0;

/// The APIC ID that an entry of the MADT says is of an enabled processor.
struct Entry {
    std::uint8_t type;
    std::uint8_t size;
    std::uint32_t flags = 0;
    std::uint32_t apic_id = 0;
    bool broken = false;
};

Entry entry_at(const acpi::Bytes& madt, std::uint32_t offset) {
    Entry entry{.type = madt.word<std::uint8_t>(offset),
                .size = madt.word<std::uint8_t>(offset + 1)};
    std::uint8_t needed = 2;
    if (entry.type == local_apic) {
        needed = local_apic_size;
        entry.apic_id = madt.word<std::uint8_t>(offset + 3);
        entry.flags = madt.word<std::uint32_t>(offset + 4);
    } else if (entry.type == local_x2apic) {
        needed = local_x2apic_size;
        entry.apic_id = madt.word<std::uint32_t>(offset + 4);
        entry.flags = madt.word<std::uint32_t>(offset + 8);
    }
    entry.broken = entry.size < needed || entry.size > madt.size - offset;
    return entry;
}

/// All processors are addressed by this ID, so none has it.
bool is_broadcast(const Entry& entry) {
    return entry.apic_id == (entry.type == local_apic ? 0xFF : 0xFFFFFFFF);
}

/// Adds what the MADT has; false when it makes no sense.
bool add_processors(const acpi::Bytes& madt, ProcessorList& list) {
    for (std::uint32_t offset = madt_entries; offset < madt.size;) {
        const Entry entry = entry_at(madt, offset);
        if (entry.broken)
            return false;
        offset += entry.size;
        if ((entry.flags & enabled) == 0 || is_broadcast(entry))
            continue;
        auto& ids = list.apic_ids;
        if (std::find(ids.begin(), ids.end(), entry.apic_id) != ids.end())
            continue; // the boot processor, or one with entries of both types
        if (ids.size() == ids.capacity())
            list.problem = "ACPI: more processors than there can be vCPUs";
        else
            ids.push_back(entry.apic_id);
    }
    return true;
}

} // namespace

ProcessorList find_processors(std::uint64_t rsdp, std::uint32_t boot_apic_id,
                              std::uint64_t readable_end) {
    ProcessorList list;
    list.apic_ids.push_back(boot_apic_id);
    const acpi::FoundTable madt = acpi::find_table(rsdp, acpi::signature("APIC"), readable_end);
    list.problem = madt.problem;
    if (madt.table && !add_processors(*madt.table, list)) {
        list.apic_ids.resize(1);
        list.problem = "ACPI: the MADT is broken";
    }
    return list;
}

} // namespace hv
