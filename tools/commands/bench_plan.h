#pragma once
// What the benchmarks boot and measure: profiles, interfaces, processors and kernels. Pure.

#include "shared/profile.h"
#include "tools/commands/options.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// What one boot of `bench` combines.
struct Combination {
    abi::Profile profile;
    abi::Interface interface;

    friend bool operator==(const Combination&, const Combination&) = default;
};

/// The combinations with these names, in the order of profile_order; "" stands for all. The bare
/// machine has no ROM, so it is combined with `native` only. Throws Failure for an unknown name and
/// if no combination is left.
std::vector<Combination> choose_combinations(std::string_view profile, std::string_view interface);

/// A part of the benchmark: one machine for each combination, all with the same number of
/// processors.
struct BenchPart {
    std::uint32_t cpus;
    /// Arguments of the guest: switches=N, processors=2,4,8 if there are several, workload=NAMES.
    std::vector<std::string> guest_words;

    friend bool operator==(const BenchPart&, const BenchPart&) = default;
};

/// Processors of the machines on which several are measured, if --cpus is not given.
inline constexpr std::uint32_t default_bench_cpus = 8;

/// The workloads that are measured and shown if none are named, all on one processor.
std::vector<std::string> chief_workloads();

/// First the machines with one processor, then those with several. The workloads of --workload are
/// measured on one processor, and on several too if --cpus is given; shoot-downs always need
/// several. Without --workload the chief ones are measured in the same way, or everything with
/// --all. Of a guest of the user's own everything is measured, on several processors only if --cpus
/// is given. Throws Failure if --cpus and --workload do not fit together.
std::vector<BenchPart> choose_bench_parts(const BenchOptions& options);

/// One boot of `lazyhv linux --bench`.
struct LinuxBoot {
    abi::Profile profile;
    bool is_linux;                 ///< false: lazyhv's own kernel
    bool has_page_table_isolation; ///< Linux only
    abi::Interface interface;      ///< native for Linux
};

/// For each profile, or for the one given: Linux, then (on modern and classic) Linux with
/// page-table isolation, then lazyhv's own kernel, native and lazy. Throws Failure for an unknown
/// profile.
std::vector<LinuxBoot> choose_linux_boots(std::string_view profile);

/// "Linux on classic with pti", "lazyhv's kernel on classic, lazy".
std::string name(const LinuxBoot& boot);

} // namespace tool
