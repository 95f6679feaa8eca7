#pragma once
// Random numbers that depend on a seed alone, for guests that draw what they do.

#include <cstdint>

namespace abi {

/// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").
class SplitMix {
  public:
    explicit SplitMix(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
        return mixed ^ mixed >> 31;
    }
    /// A number below `limit`, which is not 0.
    std::uint64_t below(std::uint64_t limit) { return (next() >> 16) % limit; }

  private:
    std::uint64_t state_;
};

} // namespace abi
