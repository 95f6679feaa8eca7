#pragma once
// What the ring and the monitor's counters say of a run.

#include "guest/tests/protocol_model.h"

#include <cstdint>

namespace guest::tests {

/// Free-running, but for what the ring holds.
struct BoundaryCounts {
    std::uint32_t tail;
    std::uint64_t executed; ///< entries
    std::uint64_t discarded;
    std::uint64_t refused;
    std::uint64_t hypercalls; ///< but Flush and Empty
    std::uint64_t root_loads;
};

BoundaryCounts read_boundary_counts();

/// What the ring's slot of `index` holds, executed or not.
ModelCall entry_at(std::uint32_t index);

} // namespace guest::tests
