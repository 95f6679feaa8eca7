#include "guest/kernel/boot/acpi.h"

#include <cstring>
#include <span>
#include <string_view>

namespace guest::acpi {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t rsdp_size =
    20; ///< the size in version 1; later versions add the address of the XSDT
constexpr std::size_t rsdp_extended_size = 36;
constexpr std::size_t rsdp_revision = 15;
constexpr std::size_t rsdp_rsdt = 16;
constexpr std::size_t rsdp_xsdt = 24;

constexpr std::size_t header_size = 36;
constexpr std::size_t header_length = 4;
constexpr std::uint32_t max_table_size = 0x10000;

constexpr std::size_t madt_entries = 44;
constexpr std::uint8_t local_apic = 0;
constexpr std::uint8_t local_apic_size = 8;
constexpr std::uint8_t local_x2apic = 9;
constexpr std::uint8_t local_x2apic_size = 16;
constexpr std::uint32_t enabled = 1 << 0;

/// An unaligned read: ACPI tables may lie at any address.
template <typename T>
T value_at(Bytes bytes, std::size_t offset) {
    T value{};
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

bool sums_to_zero(Bytes bytes) {
    std::uint8_t sum = 0;
    for (const std::uint8_t byte : bytes)
        sum = static_cast<std::uint8_t>(sum + byte);
    return sum == 0;
}

bool has_signature(Bytes bytes, std::string_view signature) {
    return std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

Bytes readable_bytes(std::uint64_t physical, std::uint64_t size, ReadablePhysical readable) {
    const std::uint8_t* const bytes = physical == 0 ? nullptr : readable(physical, size);
    return bytes == nullptr ? Bytes() : Bytes(bytes, size);
}

/// The ACPI table at a physical address; empty if no valid one with this signature is there.
Bytes table_at(std::uint64_t physical, std::string_view signature, ReadablePhysical readable) {
    const Bytes header = readable_bytes(physical, header_size, readable);
    if (header.empty() || !has_signature(header, signature))
        return {};
    const auto length = value_at<std::uint32_t>(header, header_length);
    if (length < header_size || length > max_table_size)
        return {};
    const Bytes table = readable_bytes(physical, length, readable);
    return !table.empty() && sums_to_zero(table) ? table : Bytes();
}

/// The ACPI table of this signature among those that `root` lists by addresses of type T.
template <typename T>
Bytes find_table_in(Bytes root, std::string_view signature, ReadablePhysical readable) {
    for (std::size_t at = header_size; at + sizeof(T) <= root.size(); at += sizeof(T)) {
        const Bytes table = table_at(value_at<T>(root, at), signature, readable);
        if (!table.empty())
            return table;
    }
    return {};
}

Bytes find_table(std::uint64_t rsdp, std::string_view signature, ReadablePhysical readable) {
    const Bytes root = readable_bytes(rsdp, rsdp_size, readable);
    if (root.empty() || !has_signature(root, "RSD PTR ") || !sums_to_zero(root))
        return {};
    if (root[rsdp_revision] >= 2) {
        const Bytes extended = readable_bytes(rsdp, rsdp_extended_size, readable);
        if (!extended.empty()) {
            const Bytes xsdt =
                table_at(value_at<std::uint64_t>(extended, rsdp_xsdt), "XSDT", readable);
            const Bytes table = find_table_in<std::uint64_t>(xsdt, signature, readable);
            if (!table.empty())
                return table;
        }
    }
    const Bytes rsdt = table_at(value_at<std::uint32_t>(root, rsdp_rsdt), "RSDT", readable);
    return find_table_in<std::uint32_t>(rsdt, signature, readable);
}

/// Calls `found` with the identifier of each enabled processor.
template <typename Found>
void for_each_processor(Bytes madt, Found found) {
    std::size_t at = madt_entries;
    while (at + 2 <= madt.size()) {
        const std::uint8_t type = madt[at];
        const std::uint8_t size = madt[at + 1];
        if (size < 2 || size > madt.size() - at)
            return;
        const Bytes entry = madt.subspan(at, size);
        if (type == local_apic && size >= local_apic_size) {
            if ((value_at<std::uint32_t>(entry, 4) & enabled) != 0)
                found(std::uint32_t{entry[3]});
        } else if (type == local_x2apic && size >= local_x2apic_size) {
            if ((value_at<std::uint32_t>(entry, 8) & enabled) != 0)
                found(value_at<std::uint32_t>(entry, 4));
        }
        at += size;
    }
}

void add(ProcessorList& list, std::uint32_t apic_id) {
    for (std::uint32_t i = 0; i < list.count; ++i)
        if (list.apic_id[i] == apic_id)
            return;
    if (list.count < max_processors)
        list.apic_id[list.count++] = apic_id;
}

} // namespace

ProcessorList find_processors(std::uint64_t rsdp, std::uint32_t boot_apic_id,
                              ReadablePhysical readable) {
    ProcessorList alone;
    alone.apic_id[0] = boot_apic_id;
    const Bytes madt = find_table(rsdp, "APIC", readable);
    bool names_boot_processor = false;
    ProcessorList list = alone;
    for_each_processor(madt, [&](std::uint32_t apic_id) {
        names_boot_processor = names_boot_processor || apic_id == boot_apic_id;
        add(list, apic_id);
    });
    return names_boot_processor ? list : alone;
}

std::uint16_t find_sleep_port(std::uint64_t rsdp, ReadablePhysical readable) {
    constexpr std::size_t pm1a_control = 64;
    const Bytes fadt = find_table(rsdp, "FACP", readable);
    return fadt.size() < pm1a_control + sizeof(std::uint32_t)
               ? 0
               : static_cast<std::uint16_t>(value_at<std::uint32_t>(fadt, pm1a_control));
}

} // namespace guest::acpi
