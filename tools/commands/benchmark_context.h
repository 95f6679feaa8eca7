#pragma once
// On what the results were measured, for the JSON file.

#include "tools/commands/bench_plan.h"
#include "tools/commands/options.h"
#include "tools/machine/machine.h"

#include <map>
#include <string>

namespace tool {

/// Host name, date, emulator and its version, CPU model, numbers of processors, commit, number of
/// switches, and memory for shadow page tables if it was chosen. Keys are those of Google Benchmark
/// where it has one.
std::map<std::string, std::string> benchmark_context(const Machine& machine,
                                                     const BenchOptions& options,
                                                     const std::vector<BenchPart>& parts);

} // namespace tool
