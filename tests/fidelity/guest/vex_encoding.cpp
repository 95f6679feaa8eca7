// Instructions with a VEX prefix, and with a vector register as the index of their operand.

#include "tests/fidelity/guest/assembler.h"

namespace fidelity {

void Assembler::vex(const Vex& vex, std::uint32_t reg, std::uint32_t index, std::uint32_t base) {
    // Registers are inverted. Outside 64-bit mode the two bits that tell VEX from LES and LDS
    // are 1.
    const auto not_high = [](std::uint32_t number) { return ~number >> 3 & 1; };
    const std::uint32_t last =
        (~std::uint32_t{vex.source} & 0xF) << 3 | (vex.is_256 ? 1U : 0U) << 2 | (vex.prefix & 3U);
    if (vex.map == 1 && !vex.is_wide && index < 8 && base < 8 && random_.chance(60)) {
        byte(0xC5);
        return byte(static_cast<std::uint8_t>(not_high(reg) << 7 | last));
    }
    byte(0xC4);
    byte(static_cast<std::uint8_t>(not_high(reg) << 7 | not_high(index) << 6 | not_high(base) << 5 |
                                   vex.map));
    byte(static_cast<std::uint8_t>((vex.is_wide ? 0x80U : 0U) | last));
}

void Assembler::with_vector_index(const Encoding& encoding, std::uint32_t reg, std::uint32_t index,
                                  std::uint64_t linear) {
    if (is_first_)
        case_.target = linear;
    const std::uint32_t base = any_register();
    const auto scale = static_cast<std::uint32_t>(random_.below(4));
    const std::uint64_t displacement = random_.below(0x80);
    require(base, linear - segment_base(0, base == rbp) - displacement);
    prefixes(encoding, 0, case_.mode.bits == 16);
    rex(encoding, reg, index, base);
    opcode(encoding);
    byte(mod_rm(1, reg, 4));
    byte(mod_rm(scale, index, base));
    number(displacement, 1);
    immediate(encoding);
}

} // namespace fidelity
