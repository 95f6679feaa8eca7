#pragma once
// The command line's `stress=`.

#include <cstdint>

namespace guest::tests {

/// Switches tasks, loops over page tables, forks, shoots down translations and migrates tasks at
/// random on all processors, and checks everything, for about `million_ticks` million ticks of the
/// TSC. Returns true if nothing was wrong.
bool run_stress(std::uint64_t million_ticks);

} // namespace guest::tests
