#pragma once
// Results of one workload by the number of processors.

#include "tools/results/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tool {

/// Numbers of processors.
using Numbers = std::vector<std::uint32_t>;

/// One workload of one profile and interface. Has at least one result.
struct Series {
    std::string workload;
    abi::Profile profile;
    abi::Interface interface;
    std::map<std::uint32_t, const Result*> by_cpus;

    /// Null when it was not measured on that many processors.
    [[nodiscard]] const Result* on(std::uint32_t cpus) const;
    /// On the most processors.
    [[nodiscard]] const Result& last() const { return *by_cpus.rbegin()->second; }
};

/// What was measured on several processors, with what the same was on one, workload by workload in
/// the order in which they were measured first. Points into `runs`.
std::vector<Series> collect_series(const std::vector<Run>& runs);

/// Ascending: those on which any of the series was measured.
Numbers numbers_of_processors(const std::vector<Series>& all);

} // namespace tool
