#pragma once
// What the benchmarks boot and measure: profiles, interfaces, processors and kernels. Pure.

#include "shared/profile.h"
#include "tools/commands/options.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct Combination {
    abi::Profile profile;
    abi::Interface interface;

    friend bool operator==(const Combination&, const Combination&) = default;
};

/// Those that fit the names given, in the order of profile_order; "" fits all. The bare machine has
/// no ROM, so it goes with `native` only. Throws Failure for an unknown name and for a choice that
/// fits nothing.
std::vector<Combination> choose_combinations(std::string_view profile, std::string_view interface);

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

struct LinuxBoot {
    abi::Profile profile;
    bool is_linux;                 ///< else lazyhv's own kernel
    bool has_page_table_isolation; ///< of Linux
    abi::Interface interface;      ///< native for Linux
};

/// For each profile, or the one given: Linux, on modern and classic again with page-table
/// isolation, and lazyhv's own kernel, native and lazy. Throws Failure for an unknown profile.
std::vector<LinuxBoot> choose_linux_boots(std::string_view profile);

/// "Linux on classic with pti", "lazyhv's kernel on classic, lazy".
std::string name(const LinuxBoot& boot);

} // namespace tool
