#pragma once
// The status flags of additions, subtractions and logical operations (Intel manual, volume 1,
// section 3.4.3.1).

#include <cstdint>

namespace hv::status_flag {

inline constexpr std::uint64_t carry = 1 << 0;
inline constexpr std::uint64_t parity = 1 << 2;
inline constexpr std::uint64_t auxiliary_carry = 1 << 4;
inline constexpr std::uint64_t zero = 1 << 6;
inline constexpr std::uint64_t sign = 1 << 7;
inline constexpr std::uint64_t overflow = 1 << 11;
inline constexpr std::uint64_t all = carry | parity | auxiliary_carry | zero | sign | overflow;

/// The bits of an operand of `size` bytes.
constexpr std::uint64_t operand_mask(std::uint32_t size) {
    return size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << size * 8) - 1;
}

constexpr std::uint64_t sign_bit(std::uint32_t size) { return std::uint64_t{1} << (size * 8 - 1); }

/// SF, ZF and PF of a result.
constexpr std::uint64_t of_result(std::uint64_t result, std::uint32_t size) {
    result &= operand_mask(size);
    std::uint64_t folded = result ^ result >> 4;
    folded ^= folded >> 2;
    folded ^= folded >> 1;
    return (result == 0 ? zero : 0) | ((result & sign_bit(size)) != 0 ? sign : 0) |
           ((folded & 1) == 0 ? parity : 0);
}

/// All status flags of result = first + second + carry in; operands of `size` bytes, upper bits
/// zero. Each bit's carry out is the majority of both operands and the carry in.
constexpr std::uint64_t of_addition(std::uint64_t first, std::uint64_t second, std::uint64_t result,
                                    std::uint32_t size) {
    const std::uint64_t carries = (first & second) | ((first | second) & ~result);
    return of_result(result, size) | ((carries & sign_bit(size)) != 0 ? carry : 0) |
           ((carries & 8) != 0 ? auxiliary_carry : 0) |
           (((first ^ result) & (second ^ result) & sign_bit(size)) != 0 ? overflow : 0);
}

/// All status flags of result = first - second - borrow in.
constexpr std::uint64_t of_subtraction(std::uint64_t first, std::uint64_t second,
                                       std::uint64_t result, std::uint32_t size) {
    const std::uint64_t borrows = (~first & second) | ((~first | second) & result);
    return of_result(result, size) | ((borrows & sign_bit(size)) != 0 ? carry : 0) |
           ((borrows & 8) != 0 ? auxiliary_carry : 0) |
           (((first ^ second) & (first ^ result) & sign_bit(size)) != 0 ? overflow : 0);
}

/// Whether the flags meet a condition of Jcc, SETcc and CMOVcc, by its number (volume 1, appendix
/// B).
constexpr bool condition(std::uint64_t rflags, std::uint32_t number) {
    const auto set = [rflags](std::uint64_t flag) { return (rflags & flag) != 0; };
    const bool less = set(sign) != set(overflow);
    bool holds = false;
    switch (number >> 1) {
    case 0:
        holds = set(overflow);
        break;
    case 1:
        holds = set(carry);
        break;
    case 2:
        holds = set(zero);
        break;
    case 3:
        holds = set(carry | zero);
        break;
    case 4:
        holds = set(sign);
        break;
    case 5:
        holds = set(parity);
        break;
    case 6:
        holds = less;
        break;
    default:
        holds = less || set(zero);
        break;
    }
    return holds != ((number & 1) != 0);
}

} // namespace hv::status_flag
