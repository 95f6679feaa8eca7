#pragma once
// A measurement: the TSC and, with a monitor, its whole statistics page, before and after. On
// several processors each takes its own, for no other one can read them.

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
/// and behind the end.
void begin_measurement();
void end_measurement();

/// Looks at the counters before anything warms up. The first look at a page that is the processor's
/// own may cost others what they have warmed up: with shadow paging, tables that all shared.
void touch_counters(Cpu& cpu);

/// The same where this processor alone comes here, and the others are in ring 3: they are
/// interrupted to take theirs.
void begin_measurement_for_all();
void end_measurement_for_all();

/// What lies between the two is not part of the measurement.
void pause_measurement();
void resume_measurement();

/// Sums over the processors that took part.
struct Measurement {
    std::uint64_t ticks;
    std::uint64_t root_loads;      ///< by the ROM, without an exit; 0 without one
    const abi::Statistics* before; ///< null without a monitor
    const abi::Statistics* after;
    std::uint32_t processors;
    std::uint64_t exits_min; ///< of one processor
    std::uint64_t exits_max;
};
/// The last one made.
Measurement measured();

} // namespace guest::workloads
