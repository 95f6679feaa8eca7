#pragma once
// A comparison, as it is printed.

#include "tools/compare/comparison.h"

#include <limits>
#include <string>

namespace tool {

/// How many changes of each verdict, and how many names of what only one file has, are printed.
struct ComparisonLimits {
    std::size_t worse = 20;
    std::size_t others = 10;
};
inline constexpr ComparisonLimits no_limits{std::numeric_limits<std::size_t>::max(),
                                            std::numeric_limits<std::size_t>::max()};

/// Warnings, changes, and what only one of the two has; then one line with the numbers of each.
std::string comparison_text(const Comparison& comparison, const ComparisonLimits& limits);

/// "+50.0%", "from 0".
std::string format_part(const Change& change);

} // namespace tool
