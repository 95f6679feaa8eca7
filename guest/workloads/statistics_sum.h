#pragma once
// Sums the statistics of several processors. Pure.

#include "shared/statistics.h"

#include <cstdint>

namespace guest::workloads {

/// Adds what was counted from `before` to `after` to `sum`, which must start as zeros. A level in
/// `sum` becomes the highest of all processors' levels; keyed counts are added key by key.
void add_difference(abi::Statistics& sum, const abi::Statistics& before,
                    const abi::Statistics& after);

} // namespace guest::workloads
