#pragma once
// A segment register as the VMCS holds it (SDM vol. 3, 25.4.1, table 25-2).

#include "hypervisor/x86/bits.h"

#include <cstddef>
#include <cstdint>

namespace hv {

/// Segment registers by their numbers in instructions and instruction information.
enum class SegmentNumber : std::uint8_t { es, cs, ss, ds, fs, gs };
inline constexpr std::size_t segment_register_count = 6;

/// The access-rights word. Bits 0 to 15 lie as in bits 40 to 55 of a segment descriptor.
struct AccessRights {
    std::uint32_t raw;

    /// The register holds no usable segment, as after loading a null selector.
    static constexpr std::uint32_t unusable_bit = 1U << 16;
    /// Bits 8 to 11 (the limit's upper bits in a descriptor) and 17 to 31 must be 0.
    static constexpr std::uint32_t reserved_bits = 0xFFFE0F00;

    /// The rights that loading a segment register from this 8-byte descriptor gives it.
    static constexpr AccessRights from_descriptor(std::uint64_t descriptor) {
        return {static_cast<std::uint32_t>(bits(descriptor, 55, 40)) & 0xF0FF};
    }
    /// What loading a null selector gives.
    static constexpr AccessRights unusable() { return {unusable_bit}; }

    [[nodiscard]] constexpr std::uint8_t type() const {
        return static_cast<std::uint8_t>(bits(raw, 3, 0));
    }
    /// S: code or data (else system).
    [[nodiscard]] constexpr bool code_or_data() const { return bit(raw, 4); }
    [[nodiscard]] constexpr std::uint8_t privilege_level() const {
        return static_cast<std::uint8_t>(bits(raw, 6, 5));
    }
    [[nodiscard]] constexpr bool present() const { return bit(raw, 7); }
    [[nodiscard]] constexpr bool long_mode() const { return bit(raw, 13); }              ///< L
    [[nodiscard]] constexpr bool default_operation_size() const { return bit(raw, 14); } ///< D/B
    [[nodiscard]] constexpr bool granularity() const { return bit(raw, 15); }            ///< G
    [[nodiscard]] constexpr bool usable() const { return !bit(raw, 16); }
};

/// The type field (SDM vol. 3, 3.4.5.1 and 3.5).
namespace segment_type {
// Bits of code and data segment types.
inline constexpr std::uint8_t accessed = 1;
inline constexpr std::uint8_t writable = 2;    ///< data segments
inline constexpr std::uint8_t readable = 2;    ///< code segments
inline constexpr std::uint8_t expand_down = 4; ///< data segments
inline constexpr std::uint8_t conforming = 4;  ///< code segments
inline constexpr std::uint8_t code = 8;
// System types in IA-32e mode.
inline constexpr std::uint8_t ldt = 2;
inline constexpr std::uint8_t tss_available = 9;
inline constexpr std::uint8_t tss_busy = 11;
inline constexpr std::uint8_t call_gate = 12;
inline constexpr std::uint8_t interrupt_gate = 14;
inline constexpr std::uint8_t trap_gate = 15;
// System types outside IA-32e mode only.
inline constexpr std::uint8_t tss_available_16 = 1;
inline constexpr std::uint8_t tss_busy_16 = 3;
inline constexpr std::uint8_t call_gate_16 = 4;
inline constexpr std::uint8_t task_gate = 5;
} // namespace segment_type

/// All four guest-state fields of a segment register.
struct Segment {
    std::uint16_t selector = 0;
    std::uint64_t base = 0;
    std::uint32_t limit = 0; ///< in bytes, whatever the granularity
    AccessRights access_rights = AccessRights::unusable();
};

/// The base in an 8-byte segment descriptor (bits 0 to 31 of the base).
constexpr std::uint32_t base_of_descriptor(std::uint64_t descriptor) {
    return static_cast<std::uint32_t>(bits(descriptor, 39, 16) | bits(descriptor, 63, 56) << 24);
}

/// The limit in bytes of an 8-byte segment descriptor, scaled by its granularity bit.
constexpr std::uint32_t limit_of_descriptor(std::uint64_t descriptor) {
    const auto limit =
        static_cast<std::uint32_t>(bits(descriptor, 15, 0) | bits(descriptor, 51, 48) << 16);
    return bit(descriptor, 55) ? limit << 12 | 0xFFF : limit;
}

/// The register that loading `selector` gives when its table holds `descriptor`. `upper_half` is
/// the second half of a 16-byte system descriptor (bits 32 to 63 of the base), 0 for code and data.
constexpr Segment segment_from_descriptor(std::uint16_t selector, std::uint64_t descriptor,
                                          std::uint64_t upper_half = 0) {
    return {selector, base_of_descriptor(descriptor) | upper_half << 32,
            limit_of_descriptor(descriptor), AccessRights::from_descriptor(descriptor)};
}

/// The descriptor whose loading gives this register (the lower half for a 64-bit system segment).
constexpr std::uint64_t descriptor_from_segment(const Segment& segment) {
    const std::uint64_t limit =
        segment.access_rights.granularity() ? segment.limit >> 12 : segment.limit;
    return bits(limit, 15, 0) | bits(segment.base, 23, 0) << 16 |
           (std::uint64_t{segment.access_rights.raw} & 0xF0FF) << 40 | bits(limit, 19, 16) << 48 |
           bits(segment.base, 31, 24) << 56;
}

static_assert(descriptor_from_segment(segment_from_descriptor(0x08, 0x00AF9B000000FFFF)) ==
              0x00AF9B000000FFFF);

} // namespace hv
