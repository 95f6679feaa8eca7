#pragma once
// What the VM exits of a workload were, in words.

#include "tools/results/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// One part for each exit reason, most frequent first, with counts per switch or operation:
/// "CR_ACCESS 3 (CLTS 1, MOV_TO_CR0 1, MOV_TO_CR3 1)", "VMCALL 1 (Flush 1)". Then one part with the
/// entries that were drained from the ring: "drained: WriteGDTEntry 3, SetCR3 1".
std::vector<std::string> exit_summary(const Result& result);

/// A count per switch, operation or entry: whole numbers without decimals, others with three.
std::string format_rate(double rate);

/// What the VM exits do not show, with counts per switch or operation: "CR3 loads without an exit
/// 1", "shadow tables: built 2, in use 17 of 512". Empty without shadow paging.
std::vector<std::string> shadow_summary(const Result& result, std::string_view tick_name);

/// The parts of exit_summary and shadow_summary in one line, separated by semicolons.
std::string full_summary(const Result& result, std::string_view tick_name);

} // namespace tool
