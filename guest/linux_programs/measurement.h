#pragma once
// A measurement: the TSC and, on lazyhv, the monitor's whole statistics page, before and after.

#include "shared/statistics.h"

#include <cstdint>

namespace linux_guest {

/// Reading the counters costs no exit; the TSC is read last at the start and first at the end, so
/// that the copying is not in it.
class Measurement {
  public:
    /// Reads the counters once: under shadow paging the first access causes a VM exit.
    Measurement();

    void begin();
    void end();

    /// Ticks of the TSC from begin() to end().
    [[nodiscard]] std::uint64_t ticks() const { return end_ticks_ - begin_ticks_; }
    /// The same divided by `count`.
    [[nodiscard]] std::uint64_t ticks_for_each(std::uint64_t count) const {
        return count == 0 ? 0 : ticks() / count;
    }
    [[nodiscard]] bool has_counters() const { return counters_ != nullptr; }
    [[nodiscard]] const abi::Statistics& before() const { return before_; }
    [[nodiscard]] const abi::Statistics& after() const { return after_; }

  private:
    void copy_counters(abi::Statistics& to) const;

    const abi::Statistics* counters_;
    std::uint64_t begin_ticks_ = 0;
    std::uint64_t end_ticks_ = 0;
    abi::Statistics before_{};
    abi::Statistics after_{};
};

} // namespace linux_guest
