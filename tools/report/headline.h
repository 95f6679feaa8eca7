#pragma once
// The first thing on the report: exits per switch and per operation on page tables.

#include "tools/report/measured.h"

#include <string>
#include <vector>

namespace tool {

/// The most important figures as HTML: a few in large letters, then the two tables that bench
/// prints first. With several files a workload has a row for each, and figures that are worse or
/// better than in the first file are marked.
std::string headline_html(const std::vector<NamedResults>& files);

} // namespace tool
