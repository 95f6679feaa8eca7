#pragma once
// What the results were measured on, for the JSON file.

#include "tools/commands/bench_plan.h"
#include "tools/commands/options.h"
#include "tools/machine/machine.h"

#include <map>
#include <string>

namespace tool {

/// Host name, date, emulator and its version, CPU model, processors of the machines, commit,
/// switches asked for, and memory for shadow page tables where it was chosen: by the names that
/// Google Benchmark uses where it has one.
std::map<std::string, std::string> benchmark_context(const Machine& machine,
                                                     const BenchOptions& options,
                                                     const std::vector<BenchPart>& parts);

} // namespace tool
