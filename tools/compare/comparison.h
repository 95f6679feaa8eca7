#pragma once
// What changed between two files with results.

#include "tools/compare/tolerance.h"
#include "tools/results/stored_results.h"

#include <string>
#include <vector>

namespace tool {

enum class Verdict {
    worse,
    tolerated, ///< worse, by no more than is tolerated
    better,
    neutral, ///< changed, and neither better nor worse
};

/// One counter of one benchmark whose value is not the same in both.
struct Change {
    std::string benchmark;
    std::string counter;
    double old_value;
    double new_value;
    Verdict verdict;

    /// The difference as a part of the old value: 0.5 for 2 and 3. Infinite if the old value is 0.
    [[nodiscard]] double part() const;
};

struct Comparison {
    /// By verdict, in the order of the enumeration. Within one, by how large the change is.
    std::vector<Change> changes;
    std::size_t equal_counters = 0;              ///< that both have, with the same value
    std::vector<std::string> only_old, only_new; ///< names of benchmarks
    /// Counters that bench always writes and one of the two lacks: "COUNTER of BENCHMARK".
    std::vector<std::string> counters_only_old, counters_only_new;
    /// Why the numbers may differ although the software does not, in words.
    std::vector<std::string> warnings;

    [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// Times are not compared if their units differ, of which there is then a warning.
Comparison compare_results(const StoredResults& old_results, const StoredResults& new_results,
                           const std::vector<Tolerance>& tolerances);

} // namespace tool
