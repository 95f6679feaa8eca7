#pragma once
// How the files of a report differ, and under which conditions each was measured.

#include "tools/report/measured.h"

#include <string>
#include <vector>

namespace tool {

/// What `compare` would say about the first file and each of the others, as HTML. "" for one file.
std::string differences_html(const std::vector<NamedResults>& files);

/// A table with date, commit, machine, ... of each file.
std::string conditions_html(const std::vector<NamedResults>& files);

} // namespace tool
