#pragma once
// What one workload's "@result" line says, and what follows from it by division.

#include "shared/profile.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

/// Differences of counters over one measured workload (shared/statistics.h says what each counts).
struct Result {
    std::string workload;
    std::uint64_t switches = 0; ///< context switches; of `empty-vmcall`, round trips
    std::uint64_t ticks = 0;    ///< of the TSC, guest and monitor together
    /// Everything else by the name it has on the line: "exits", "exit.CR_ACCESS", ...
    std::map<std::string, std::uint64_t, std::less<>> counters;

    /// 0 for a counter that was left out, as the guest leaves out what is 0.
    [[nodiscard]] std::uint64_t counter(std::string_view name) const;
    /// False on the bare machine, where there is no monitor that counts.
    [[nodiscard]] bool has_monitor() const { return counters.contains("exits"); }
    /// `count` divided by the number of switches.
    [[nodiscard]] double per_switch(std::uint64_t count) const;

    [[nodiscard]] std::uint64_t guest_ticks() const { return ticks - counter("monitor_ticks"); }
    /// VMCALLs of all numbers.
    [[nodiscard]] std::uint64_t hypercalls() const;
    /// 0 when nothing was flushed.
    [[nodiscard]] double entries_per_flush() const;
    /// VMREADs and VMWRITEs; 0 when there was no VM exit.
    [[nodiscard]] double vmcs_accesses_per_exit() const;

    using NamedCount = std::pair<std::string, std::uint64_t>;
    /// The counters called PREFIX.NAME that are not 0, without the prefix; highest count first,
    /// those of equal count by name.
    [[nodiscard]] std::vector<NamedCount> by_name(std::string_view prefix) const;
};

/// Parses what follows abi::result_prefix. Throws Failure when a key is missing or a value is no
/// decimal number, no switch was made, or the monitor's ticks are more than all.
Result parse_result(std::string_view text);

/// The results of one boot.
struct Run {
    abi::Profile profile;
    abi::Interface interface;
    std::vector<Result> results;
    /// The "@context" lines of guest and monitor.
    std::map<std::string, std::string> context;
};

/// This workload's "switches" are empty VMCALLs.
inline constexpr std::string_view empty_vmcall_workload = "empty-vmcall";

} // namespace tool
