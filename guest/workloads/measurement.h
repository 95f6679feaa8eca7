#pragma once
// A measurement: the TSC and, with a monitor, its whole statistics page, before and after. Each
// processor takes its own snapshots, because no other processor can read its counters.

#include "shared/statistics.h"

#include <cstdint>

namespace guest {
struct Cpu;
}

namespace guest::workloads {

/// How many processors take part from now on; 1 until this is called.
void set_participants(std::uint32_t count);
std::uint32_t participants();

/// Reading the statistics costs no exit; the TSC is read last at the start and first at the end, so
/// that the copying is not in it. Processors that take part wait for each other before the start
/// and after the end.
void begin_measurement();
void end_measurement();

/// Reads the counters before anything warms up. Under shadow paging, the first access to a page
/// that each processor has for itself may discard shadow page tables that the others share and have
/// warmed up.
void touch_counters(Cpu& cpu);

/// The same where only this processor gets here and the others are in ring 3: they are interrupted
/// to take their snapshots.
void begin_measurement_for_all();
void end_measurement_for_all();

/// What happens between the two calls is not part of the measurement.
void pause_measurement();
void resume_measurement();

/// Sums over the processors that took part.
struct Measurement {
    std::uint64_t ticks;
    std::uint64_t root_loads;      ///< loads of CR3 by the ROM without an exit; 0 without a ROM
    const abi::Statistics* before; ///< null without a monitor
    const abi::Statistics* after;
    std::uint32_t processors;
    std::uint64_t exits_min; ///< the fewest and the most exits of a single processor
    std::uint64_t exits_max;
};
/// Returns the last measurement that was made.
Measurement measured();

} // namespace guest::workloads
