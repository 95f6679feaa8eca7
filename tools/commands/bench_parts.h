#pragma once
// The machines on which `bench` measures, and what it measures on each.

#include "tools/commands/options.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tool {

/// Machines of the same number of processors, one for each combination of profile and interface.
struct BenchPart {
    std::uint32_t cpus;
    /// The guest's: switches=N, processors=2,4,8 where there are several, workload=NAMES.
    std::vector<std::string> guest_words;

    friend bool operator==(const BenchPart&, const BenchPart&) = default;
};

/// Processors of the second part's machines when --cpus is not given.
inline constexpr std::uint32_t default_bench_cpus = 8;

/// First the machines of one processor, then those of several. What --workload names is measured on
/// one processor, and on several too when --cpus is given; shoot-downs need several in any case. A
/// guest of the user's own is not expected to know several processors unless --cpus is given.
/// Throws Failure when --cpus and --workload do not go together.
std::vector<BenchPart> choose_bench_parts(const BenchOptions& options);

} // namespace tool
