#pragma once
// Whether two files were measured under the same conditions.

#include "tools/results/stored_results.h"

#include <string>
#include <vector>

namespace tool {

/// What makes their numbers differ although the software is the same, one text for each: machine,
/// CPU model, switches, unit of time, ... Under KVM the host is among them; in Bochs it does not
/// matter. Date and commit never do.
std::vector<std::string> context_differences(const StoredResults& old_results,
                                             const StoredResults& new_results);

} // namespace tool
