#include "hypervisor/boot/acpi/tables.h"

namespace hv::acpi {

namespace {

// The RSDP (table 5.3).
constexpr std::uint64_t rsdp_signature = 0x2052'5450'2044'5352; // "RSD PTR "
constexpr std::uint32_t rsdp_size = 20;                         // of revision 0
constexpr std::uint32_t rsdp_size_2 = 36;
constexpr std::uint32_t rsdp_revision = 15;
constexpr std::uint32_t rsdp_rsdt = 16;
constexpr std::uint32_t rsdp_xsdt = 24;
// A table's header.
constexpr std::uint32_t table_length = 4;
// No table we read is nearly as large.
constexpr std::uint32_t max_table_size = 1 << 20;

/// The table at `address`, if its length and its checksum are right.
std::optional<Bytes> table_at(std::uint64_t address, std::uint64_t readable_end) {
    const auto header = Bytes::at(address, header_size, readable_end);
    if (!header)
        return std::nullopt;
    const auto length = header->word<std::uint32_t>(table_length);
    if (length < header_size || length > max_table_size)
        return std::nullopt;
    const auto table = Bytes::at(address, length, readable_end);
    return table && table->sums_up(length) ? table : std::nullopt;
}

/// In RSDT and XSDT, addresses of tables follow the header.
template <typename Address>
FoundTable search(std::uint64_t root_address, std::uint32_t root_signature, std::uint32_t wanted,
                  std::uint64_t readable_end) {
    const auto root = table_at(root_address, readable_end);
    if (!root || root->word<std::uint32_t>(0) != root_signature)
        return {std::nullopt, "ACPI: the RSDT or XSDT is broken"};
    for (std::uint32_t offset = header_size; offset + sizeof(Address) <= root->size;
         offset += sizeof(Address)) {
        const std::uint64_t address = root->word<Address>(offset);
        const auto header = Bytes::at(address, header_size, readable_end);
        if (!header || header->word<std::uint32_t>(0) != wanted)
            continue;
        if (const auto table = table_at(address, readable_end))
            return {table, nullptr};
        return {std::nullopt, "ACPI: the table is broken"};
    }
    return {std::nullopt, "ACPI: there is no such table"};
}

} // namespace

bool Bytes::sums_up(std::uint32_t count) const {
    std::uint8_t sum = 0;
    for (std::uint32_t offset = 0; offset < count; ++offset)
        sum = static_cast<std::uint8_t>(sum + word<std::uint8_t>(offset));
    return sum == 0;
}

FoundTable find_table(std::uint64_t rsdp, std::uint32_t wanted, std::uint64_t readable_end) {
    if (rsdp == 0)
        return {std::nullopt, "ACPI: the boot loader found no RSDP"};
    const auto first = Bytes::at(rsdp, rsdp_size, readable_end);
    if (!first || first->word<std::uint64_t>(0) != rsdp_signature || !first->sums_up(rsdp_size))
        return {std::nullopt, "ACPI: the RSDP is broken"};
    if (first->word<std::uint8_t>(rsdp_revision) >= 2) {
        const auto all = Bytes::at(rsdp, rsdp_size_2, readable_end);
        if (!all || !all->sums_up(rsdp_size_2))
            return {std::nullopt, "ACPI: the RSDP is broken"};
        const auto xsdt = all->word<std::uint64_t>(rsdp_xsdt);
        if (xsdt != 0)
            return search<std::uint64_t>(xsdt, signature("XSDT"), wanted, readable_end);
    }
    return search<std::uint32_t>(first->word<std::uint32_t>(rsdp_rsdt), signature("RSDT"), wanted,
                                 readable_end);
}

} // namespace hv::acpi
