#pragma once
// Picking bit ranges out of words whose layout a manual gives as "bits HIGH:LOW".

#include <cstdint>

namespace hv {

/// Bits high:low of a word, shifted down. 0 <= low <= high <= 63.
constexpr std::uint64_t bits(std::uint64_t word, unsigned high, unsigned low) {
    const std::uint64_t shifted = word >> low;
    const unsigned width = high - low + 1;
    return width >= 64 ? shifted : shifted & ((std::uint64_t{1} << width) - 1);
}

/// One bit of a word. 0 <= position <= 63.
constexpr bool bit(std::uint64_t word, unsigned position) { return ((word >> position) & 1) != 0; }

/// A word with ones in bits high:low and zeros elsewhere. 0 <= low <= high <= 63.
constexpr std::uint64_t mask(unsigned high, unsigned low) {
    return bits(~std::uint64_t{0}, high - low, 0) << low;
}

static_assert(bits(0xABCD, 11, 4) == 0xBC);
static_assert(bits(~std::uint64_t{0}, 63, 0) == ~std::uint64_t{0});
static_assert(mask(63, 0) == ~std::uint64_t{0} && mask(7, 4) == 0xF0);

} // namespace hv
