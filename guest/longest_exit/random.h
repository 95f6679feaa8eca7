#pragma once
// The random numbers of a step. They depend on its code alone.

#include "shared/split_mix.h"

#include <cstdint>

namespace guest::longest_exit {

class Random : public abi::SplitMix {
  public:
    using SplitMix::SplitMix;

    /// A number below `limit`, which is not 0.
    std::uint32_t below(std::uint64_t limit) {
        return static_cast<std::uint32_t>(SplitMix::below(limit));
    }
    bool one_in(std::uint32_t times) { return below(times) == 0; }
};

} // namespace guest::longest_exit
