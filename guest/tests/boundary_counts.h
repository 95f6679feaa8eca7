#pragma once
// The counts that the ring and the monitor keep during a run.

#include "guest/tests/protocol_model.h"

#include <cstdint>

namespace guest::tests {

/// Free-running counters, except for the ring's contents.
struct BoundaryCounts {
    std::uint32_t tail;
    std::uint64_t executed; ///< entries
    std::uint64_t discarded;
    std::uint64_t refused;
    std::uint64_t hypercalls; ///< hypercalls other than Flush and Empty
    std::uint64_t root_loads;
};

BoundaryCounts read_boundary_counts();

/// Returns what the ring's slot for `index` holds, executed or not.
ModelCall entry_at(std::uint32_t index);

} // namespace guest::tests
