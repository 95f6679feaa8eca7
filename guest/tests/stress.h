#pragma once
// The command line's `stress=`.

#include <cstdint>

namespace guest::tests {

/// Switches, page-table loops, forks, shootdowns and migrations on all processors at random, with
/// everything checked, for about so many million ticks of the TSC. True if all was right.
bool run_stress(std::uint64_t million_ticks);

} // namespace guest::tests
