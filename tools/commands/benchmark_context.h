#pragma once
// What the results were measured on, for the JSON file.

#include "tools/machine/machine.h"

#include <cstdint>
#include <map>
#include <string>

namespace tool {

/// Host name, date, emulator and its version, CPU model, commit, switches asked for: by the names
/// that Google Benchmark uses where it has one.
std::map<std::string, std::string> benchmark_context(const Machine& machine,
                                                     std::uint32_t switches);

} // namespace tool
