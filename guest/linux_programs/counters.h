#pragma once
// The monitor's counters, as a program sees them.

#include "shared/statistics.h"

namespace linux_guest {

/// Returns the statistics page of the processor, mapped through /dev/mem. Returns null if this is
/// not a guest of lazyhv, if /dev/mem must not be mapped, and if there are several processors: each
/// has its own page at this address, and a process may move between them.
const abi::Statistics* find_counters();

} // namespace linux_guest
