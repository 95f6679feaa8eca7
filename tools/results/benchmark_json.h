#pragma once
// Results as Google Benchmark writes them, so that its compare.py reads them.

#include "tools/results/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// "switch/WORKLOAD/PROFILE/INTERFACE"; "WORKLOAD/PROFILE/INTERFACE" for operations on page tables,
/// whose workloads are called pagetable/OPERATION/ENTRIES or shootdown/OPERATION/ENTRIES;
/// "linux/PROGRAM/PROFILE", with "/pti" behind it, for programs of Linux; or
/// "vmcall/empty/PROFILE/rom" for empty VMCALLs issued by a guest that uses the ROM ("…/native" by
/// one that does not). Where several processors took part "/threads:N" is behind it.
std::string benchmark_name(const Run& run, const Result& result);

/// The file's text. `tick_name` ("instructions", "cycles") goes into the counters' names. Times are
/// ticks per switch or operation; the format knows units of time only, so a tick is written as 1
/// ns, which the context says. An empty VMCALL measured through both interfaces of the ROM is
/// written once, from the first. Equal results give equal text.
std::string benchmark_json(const std::vector<Run>& runs,
                           const std::map<std::string, std::string>& context,
                           std::string_view tick_name);

} // namespace tool
