#pragma once
// The random numbers of a case. Each part of a case has a stream of its own, so that leaving one
// part out does not change the others.

#include "shared/split_mix.h"

#include <cstdint>
#include <initializer_list>
#include <iterator>

namespace fidelity {

class Random : public abi::SplitMix {
  public:
    using SplitMix::SplitMix;
    /// The stream of one part of a case.
    Random(std::uint64_t seed, std::uint64_t number, std::uint64_t part)
        : SplitMix(seed * 0xD1342543DE82EF95 + number * 0xAF251AF3B0F025B5 +
                   part * 0x9E6C63D0876A9A47) {
        next();
    }

    /// True in `percent` of 100 cases.
    bool chance(std::uint64_t percent) { return below(100) < percent; }
    template <typename T>
    T one_of(std::initializer_list<T> values) {
        return values.begin()[below(values.size())];
    }
    template <typename T, std::size_t Size>
    T one_of(const T (&values)[Size]) {
        return values[below(Size)];
    }
    /// A number as programs have them: small, near a power of two, or with all bits random.
    std::uint64_t number() {
        switch (below(4)) {
        case 0:
            return below(256);
        case 1:
            return (std::uint64_t{1} << below(64)) - below(2);
        case 2:
            return ~below(256);
        default:
            return next();
        }
    }
};

} // namespace fidelity
