#pragma once
// Descriptors as they lie in memory: segments (SDM vol. 3, 3.4.5), 64-bit system segments (8.2.3)
// and 64-bit gates (5.8.3.1, 6.14.1). Views of raw words; nothing here judges.

#include "hypervisor/x86/bits.h"
#include "hypervisor/x86/segment.h"

#include <cstdint>

namespace hv {

/// An 8-byte slot of a GDT or LDT.
struct SegmentDescriptor {
    std::uint64_t raw;

    static constexpr std::uint64_t accessed_bit = std::uint64_t{1} << 40;
    static constexpr std::uint64_t busy_bit = std::uint64_t{1} << 41; ///< of a TSS descriptor

    [[nodiscard]] constexpr AccessRights access_rights() const {
        return AccessRights::from_descriptor(raw);
    }
    [[nodiscard]] constexpr std::uint32_t base() const { return base_of_descriptor(raw); }
    /// In bytes, scaled by the granularity bit.
    [[nodiscard]] constexpr std::uint32_t limit() const { return limit_of_descriptor(raw); }

    [[nodiscard]] constexpr std::uint8_t type() const { return access_rights().type(); }
    [[nodiscard]] constexpr bool code_or_data() const { return access_rights().code_or_data(); }
    [[nodiscard]] constexpr std::uint8_t privilege_level() const {
        return access_rights().privilege_level();
    }
    [[nodiscard]] constexpr bool present() const { return access_rights().present(); }
    [[nodiscard]] constexpr bool code() const {
        return code_or_data() && (type() & segment_type::code) != 0;
    }
    [[nodiscard]] constexpr bool conforming() const {
        return code() && (type() & segment_type::conforming) != 0;
    }
};

/// The two slots of an LDT or TSS descriptor in IA-32e mode.
struct SystemDescriptor {
    std::uint64_t
        low; ///< the slot that its selector names: everything except bits 63:32 of the base
    std::uint64_t high; ///< the next slot

    /// Bits of `high` that are not the base: reserved, and zero here.
    static constexpr std::uint64_t reserved_high_bits = 0xFFFFFFFF00000000;

    [[nodiscard]] constexpr SegmentDescriptor lower() const { return {low}; }
    [[nodiscard]] constexpr std::uint64_t base() const {
        return lower().base() | bits(high, 31, 0) << 32;
    }
    [[nodiscard]] constexpr std::uint32_t limit() const { return lower().limit(); }
};

/// The two halves of an IDT entry in IA-32e mode.
struct GateDescriptor {
    std::uint64_t low;
    std::uint64_t high;

    /// Bits 5 to 7 of the IST byte, and bit 4 of the type byte (S).
    static constexpr std::uint64_t reserved_low_bits = mask(39, 35) | mask(44, 44);
    static constexpr std::uint64_t reserved_high_bits = 0xFFFFFFFF00000000;

    [[nodiscard]] constexpr std::uint16_t selector() const {
        return static_cast<std::uint16_t>(bits(low, 31, 16));
    }
    /// 0: no stack switch by IST; 1 to 7: that IST entry.
    [[nodiscard]] constexpr std::uint8_t interrupt_stack_table() const {
        return static_cast<std::uint8_t>(bits(low, 34, 32));
    }
    [[nodiscard]] constexpr std::uint8_t type() const {
        return static_cast<std::uint8_t>(bits(low, 43, 40));
    }
    [[nodiscard]] constexpr std::uint8_t privilege_level() const {
        return static_cast<std::uint8_t>(bits(low, 46, 45));
    }
    static constexpr std::uint64_t present_bit = std::uint64_t{1} << 47; ///< of the low half
    [[nodiscard]] constexpr bool present() const { return (low & present_bit) != 0; }
    [[nodiscard]] constexpr std::uint64_t offset() const {
        return bits(low, 15, 0) | bits(low, 63, 48) << 16 | bits(high, 31, 0) << 32;
    }

    /// A present gate, all reserved bits zero. `type` is segment_type::interrupt_gate or trap_gate.
    static constexpr GateDescriptor make(std::uint64_t offset, std::uint16_t selector,
                                         std::uint8_t type, std::uint8_t privilege_level,
                                         std::uint8_t interrupt_stack_table) {
        return {bits(offset, 15, 0) | std::uint64_t{selector} << 16 |
                    (std::uint64_t{interrupt_stack_table} & 7) << 32 |
                    (std::uint64_t{type} & 0xF) << 40 | (std::uint64_t{privilege_level} & 3) << 45 |
                    present_bit | bits(offset, 31, 16) << 48,
                bits(offset, 63, 32)};
    }
};

} // namespace hv
