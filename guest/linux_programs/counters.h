#pragma once
// The monitor's counters, as a program sees them.

#include "shared/statistics.h"

namespace linux_guest {

/// The statistics page of the processor, mapped through /dev/mem. Null where this is no guest of
/// lazyhv, where /dev/mem may not be mapped, and where there are several processors: each has a
/// page of its own at this address, and a process may move.
const abi::Statistics* find_counters();

} // namespace linux_guest
