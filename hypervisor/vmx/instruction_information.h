#pragma once
// The VM-exit instruction-information field for accesses to descriptor-table registers, and for INS
// and OUTS (SDM vol. 3, 28.2.5, tables 28-8, 28-12 and 28-13).

#include "hypervisor/x86/bits.h"
#include "hypervisor/x86/segment.h"

#include <cstdint>

namespace hv {

/// The memory operand, encoded alike in both tables. Registers as in CrAccess::general_register.
struct MemoryOperandInformation {
    std::uint32_t raw;

    /// The index register is multiplied by 1, 2, 4 or 8.
    [[nodiscard]] constexpr std::uint8_t scaling() const {
        return static_cast<std::uint8_t>(1U << bits(raw, 1, 0));
    }
    /// Address size in bits: 16, 32 or 64.
    [[nodiscard]] constexpr std::uint8_t address_size() const {
        return static_cast<std::uint8_t>(16U << bits(raw, 9, 7));
    }
    [[nodiscard]] constexpr SegmentNumber segment_register() const {
        return static_cast<SegmentNumber>(bits(raw, 17, 15));
    }
    [[nodiscard]] constexpr bool has_index() const { return !bit(raw, 22); }
    [[nodiscard]] constexpr std::uint8_t index_register() const {
        return static_cast<std::uint8_t>(bits(raw, 21, 18));
    }
    [[nodiscard]] constexpr bool has_base() const { return !bit(raw, 27); }
    [[nodiscard]] constexpr std::uint8_t base_register() const {
        return static_cast<std::uint8_t>(bits(raw, 26, 23));
    }
};

/// INS and OUTS (table 28-8), where VmxBasic::ins_outs_information() is true.
struct StringIoInformation {
    std::uint32_t raw;

    /// Address size in bits: 16, 32 or 64.
    [[nodiscard]] constexpr std::uint8_t address_size() const {
        return static_cast<std::uint8_t>(16U << bits(raw, 9, 7));
    }
    /// OUTS only; undefined for INS, which always uses ES.
    [[nodiscard]] constexpr SegmentNumber segment_register() const {
        return static_cast<SegmentNumber>(bits(raw, 17, 15));
    }
};

/// SGDT, SIDT, LGDT, LIDT (table 28-12): always a memory operand.
struct GdtrIdtrInformation {
    enum class Instruction : std::uint8_t { sgdt, sidt, lgdt, lidt };

    std::uint32_t raw;

    [[nodiscard]] constexpr Instruction instruction() const {
        return static_cast<Instruction>(bits(raw, 29, 28));
    }
    /// Outside 64-bit mode: the operand size is 32 bits (else 16). Undefined in 64-bit mode.
    [[nodiscard]] constexpr bool operand_size_32() const { return bit(raw, 11); }
    [[nodiscard]] constexpr MemoryOperandInformation memory() const { return {raw}; }
};

/// SLDT, STR, LLDT, LTR (table 28-13): a register or a memory operand.
struct LdtrTrInformation {
    enum class Instruction : std::uint8_t { sldt, str, lldt, ltr };

    std::uint32_t raw;

    [[nodiscard]] constexpr Instruction instruction() const {
        return static_cast<Instruction>(bits(raw, 29, 28));
    }
    [[nodiscard]] constexpr bool register_operand() const { return bit(raw, 10); }
    /// Meaningful for a register operand.
    [[nodiscard]] constexpr std::uint8_t general_register() const {
        return static_cast<std::uint8_t>(bits(raw, 6, 3));
    }
    /// Meaningful for a memory operand.
    [[nodiscard]] constexpr MemoryOperandInformation memory() const { return {raw}; }
};

} // namespace hv
