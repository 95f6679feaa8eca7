#pragma once
// What the VM exits of a workload were, in words.

#include "tools/results/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// One part an exit reason, most frequent first, counts per switch or operation:
/// "CR_ACCESS 3 (CLTS 1, MOV_TO_CR0 1, MOV_TO_CR3 1)", "VMCALL 1 (Flush 1)"; then one part with
/// what was drained from the ring: "drained: WriteGDTEntry 3, SetCR3 1".
std::vector<std::string> exit_summary(const Result& result);

/// A count per switch, operation or entry: whole numbers without decimals, others with three.
std::string format_rate(double rate);

/// What no VM exit tells, counts per switch or operation: "CR3 loads without an exit 1", "shadow
/// tables: built 2, in use 17 of 512". Nothing where there is no shadow paging.
std::vector<std::string> shadow_summary(const Result& result, std::string_view tick_name);

/// Both of the above in one line, with semicolons between the parts.
std::string full_summary(const Result& result, std::string_view tick_name);

} // namespace tool
