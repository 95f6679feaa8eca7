#pragma once
// What the lines for programs say: KEY=VALUE pairs, and what one workload's "@result" line means.

#include "shared/profile.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// The pairs, in the order of the line. Throws Failure for a word without '=', an empty key, a key
/// given twice, or a quotation that does not end.
KeyValues parse_key_values(std::string_view text);

/// What a workload does again and again.
enum class Unit {
    switches,   ///< context switches; for `empty-vmcall`, round trips
    operations, ///< page-table operations, each on many entries
};

/// Differences of counters over one measured workload (shared/statistics.h says what each counts).
struct Result {
    std::string workload;
    Unit unit = Unit::switches;
    std::uint64_t iterations = 0; ///< in `unit`
    std::uint64_t entries = 0;    ///< page-table entries of all operations; 0 for switches
    std::uint64_t ticks = 0;      ///< of the TSC, guest and monitor together
    /// The number of processors that took part at the same time. All counts are sums over them.
    std::uint32_t cpus = 1;
    /// Everything else, by its name on the line: "exits", "exit.CR_ACCESS", ... A few are not sums
    /// of differences: "shadow_in_use" and "shadow_limit" are levels at the end of the workload,
    /// and "exits_min" and "exits_max" are the least and the most exits of any one processor.
    std::map<std::string, std::uint64_t, std::less<>> counters;

    /// 0 for a counter that is not on the line: the guest leaves out those that are 0.
    [[nodiscard]] std::uint64_t counter(std::string_view name) const;
    /// False on the bare machine, where no monitor counts anything.
    [[nodiscard]] bool has_monitor() const { return counters.contains("exits"); }
    /// `count` divided by the number of switches or operations.
    [[nodiscard]] double per_iteration(std::uint64_t count) const;
    /// `count` divided by the number of page-table entries; 0 for switches.
    [[nodiscard]] double per_entry(std::uint64_t count) const;
    /// `count` ticks divided by the number of switches or, for operations, of page-table entries.
    [[nodiscard]] double cost(std::uint64_t count) const;

    /// The ticks that were not spent in the monitor; 0 if the monitor measured more than the guest.
    [[nodiscard]] std::uint64_t guest_ticks() const;
    /// VMCALLs with any call number.
    [[nodiscard]] std::uint64_t hypercalls() const;
    /// Ring entries per flush; 0 if there was no flush.
    [[nodiscard]] double entries_per_flush() const;
    /// VMREADs and VMWRITEs per VM exit; 0 if there was none.
    [[nodiscard]] double vmcs_accesses_per_exit() const;

    using NamedCount = std::pair<std::string, std::uint64_t>;
    /// The counters called PREFIX.NAME that are not 0, by NAME: highest count first, equal counts
    /// in the order of their names.
    [[nodiscard]] std::vector<NamedCount> by_name(std::string_view prefix) const;
};

/// Parses what follows abi::result_prefix: "workload=NAME switches=N ticks=N ...", or
/// "workload=NAME operations=N entries=N ticks=N ...", with cpus=N if several processors took part.
/// Throws Failure when a key is missing, a value is not a decimal number, nothing was done, or the
/// monitor's ticks exceed all ticks. The last is not checked on several processors, where the clock
/// is too coarse.
Result parse_result(std::string_view text);

/// The results of one boot.
struct Run {
    abi::Profile profile;
    abi::Interface interface;
    std::vector<Result> results;
    /// The "@context" lines of guest and monitor.
    std::map<std::string, std::string> context;
    std::uint32_t cpus = 1; ///< processors of the machine
    /// For a Linux kernel: whether it isolates its page tables from user programs.
    bool has_page_table_isolation = false;

    /// Whether Linux was the guest: its workloads begin with linux_prefix.
    [[nodiscard]] bool is_of_linux() const;
};

/// "linux/pingpong", "linux/fork", ...: programs of guest/linux_programs/.
inline constexpr std::string_view linux_prefix = "linux/";

/// This workload's "switches" are empty VMCALLs.
inline constexpr std::string_view empty_vmcall_workload = "empty-vmcall";

} // namespace tool
