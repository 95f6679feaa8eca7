#pragma once
// Segment selectors (SDM vol. 3, 3.4.2).

#include <cstdint>

namespace hv {

enum class DescriptorTable : std::uint8_t { gdt, ldt };

struct Selector {
    std::uint16_t raw;

    /// Which 8-byte slot of its table.
    [[nodiscard]] constexpr std::uint32_t index() const { return raw >> 3; }
    /// The table indicator, TI.
    [[nodiscard]] constexpr DescriptorTable table() const {
        return (raw & 4) != 0 ? DescriptorTable::ldt : DescriptorTable::gdt;
    }
    [[nodiscard]] constexpr std::uint8_t requested_privilege_level() const {
        return static_cast<std::uint8_t>(raw & 3);
    }
    /// Selectors 0 to 3 load no descriptor.
    [[nodiscard]] constexpr bool null() const { return (raw & 0xFFFC) == 0; }
};

/// The error code of exceptions that name a selector or a gate (SDM vol. 3, 6.13).
namespace selector_error {
inline constexpr std::uint32_t idt = 1 << 1; ///< a gate of the IDT
/// EXT and IDT, which stand where a selector has its RPL.
inline constexpr std::uint32_t mask = 3;
} // namespace selector_error

} // namespace hv
