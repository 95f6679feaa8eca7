#pragma once
// A measurement: the TSC and, with a monitor, its whole statistics page, before and after.

#include "shared/statistics.h"

#include <cstdint>

namespace guest::workloads {

/// Reading the statistics costs no exit; the TSC is read last at the start and first at the end, so
/// that the copying is not in it.
void begin_measurement();
void end_measurement();

/// What lies between the two is not part of the measurement.
void pause_measurement();
void resume_measurement();

struct Measurement {
    std::uint64_t ticks;
    std::uint64_t root_loads;      ///< by the ROM, without an exit; 0 without one
    const abi::Statistics* before; ///< null without a monitor
    const abi::Statistics* after;
};
/// The last one made.
Measurement measured();

} // namespace guest::workloads
