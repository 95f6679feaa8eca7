#pragma once
// What several processors counted, in one page. Pure.

#include "shared/statistics.h"

#include <cstdint>

namespace guest::workloads {

/// Adds to `sum`, which starts as zeros, what was counted from `before` to `after`. Levels become
/// the highest of all, and keyed counts are added by their keys.
void add_difference(abi::Statistics& sum, const abi::Statistics& before,
                    const abi::Statistics& after);

} // namespace guest::workloads
