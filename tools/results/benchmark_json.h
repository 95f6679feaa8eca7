#pragma once
// Results in Google Benchmark's JSON format, which its compare.py reads.

#include "tools/results/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// "switch/WORKLOAD/PROFILE/INTERFACE"; "WORKLOAD/PROFILE/INTERFACE" for operations on page tables,
/// whose workloads are called pagetable/OPERATION/ENTRIES or shootdown/OPERATION/ENTRIES;
/// "linux/PROGRAM/PROFILE", with "/pti" appended under page-table isolation, for programs of Linux;
/// or "vmcall/empty/PROFILE/rom" for empty VMCALLs issued by a guest that uses the ROM ("…/native"
/// by one that does not). "/threads:N" is appended if several processors took part.
std::string benchmark_name(const Run& run, const Result& result);

/// The text of the file. `tick_name` ("instructions", "cycles") becomes part of the counters'
/// names. Times are ticks per switch or operation. The format only has units of time, so a tick is
/// written as 1 ns, and the context says so. The empty VMCALL, which both interfaces of the ROM
/// measure, is written once, from the first run that has it. Equal results give equal text.
std::string benchmark_json(const std::vector<Run>& runs,
                           const std::map<std::string, std::string>& context,
                           std::string_view tick_name);

} // namespace tool
