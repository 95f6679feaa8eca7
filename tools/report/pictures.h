#pragma once
// Which pictures the report has.

#include "tools/report/picture.h"

#include <vector>

namespace tool {

/// The exits per switch of the chief workloads, by exit reason.
std::vector<Picture> exit_pictures(const std::vector<NamedResults>& files);

/// The time in guest and monitor per switch of the chief workloads.
std::vector<Picture> time_pictures(const std::vector<NamedResults>& files);

/// For each operation on page tables, its exits and its time by the number of entries.
std::vector<Picture> size_pictures(const std::vector<NamedResults>& files);

/// For each workload that several processors ran, its exits and the monitor's time by their number.
std::vector<Picture> processor_pictures(const std::vector<NamedResults>& files);

/// The workloads that the report shows: those of the chief ones ("switch/full") that were measured
/// on one processor, or all that were if none of them is a chief one.
std::vector<std::string> shown_switches(const std::vector<NamedResults>& files);

} // namespace tool
