#pragma once
// ACPI tables in physical memory: found by their signature, and read within bounds.

#include "hypervisor/memory/direct_map.h"

#include <cstdint>
#include <optional>

namespace hv::acpi {

/// The first four characters of a table.
constexpr std::uint32_t signature(const char (&text)[5]) {
    std::uint32_t value = 0;
    for (int index = 3; index >= 0; --index)
        value = value << 8 | static_cast<std::uint8_t>(text[index]);
    return value;
}

inline constexpr std::uint32_t header_size = 36; ///< of every table but the RSDP (table 5.4)

/// Bytes in memory, all of them readable. Words beyond their end are 0.
struct Bytes {
    std::uint64_t begin = 0;
    std::uint32_t size = 0;

    /// [begin, begin + size), if that ends at `readable_end` at most.
    static std::optional<Bytes> at(std::uint64_t begin, std::uint32_t size,
                                   std::uint64_t readable_end) {
        if (begin > readable_end || size > readable_end - begin)
            return std::nullopt;
        return Bytes{begin, size};
    }

    template <typename T>
    [[nodiscard]] T word(std::uint32_t offset) const {
        if (offset > size || sizeof(T) > size - offset)
            return 0;
        return direct_word<T>(begin + offset);
    }

    /// Whether the first `count` bytes sum up to 0.
    [[nodiscard]] bool sums_up(std::uint32_t count) const;
};

/// The table of this signature that RSDT or XSDT lead to from the RSDP; null, with the reason, when
/// there is none.
struct FoundTable {
    std::optional<Bytes> table;
    const char* problem = nullptr;
};
FoundTable find_table(std::uint64_t rsdp, std::uint32_t wanted, std::uint64_t readable_end);

} // namespace hv::acpi
