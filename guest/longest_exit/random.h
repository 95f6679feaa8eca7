#pragma once
// The random numbers of a step. They depend on its code alone.

#include <cstdint>

namespace guest::longest_exit {

/// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
        return mixed ^ mixed >> 31;
    }
    /// A number below `limit`, which is not 0.
    std::uint32_t below(std::uint64_t limit) {
        return static_cast<std::uint32_t>((next() >> 16) % limit);
    }
    bool one_in(std::uint32_t times) { return below(times) == 0; }

  private:
    std::uint64_t state_;
};

} // namespace guest::longest_exit
