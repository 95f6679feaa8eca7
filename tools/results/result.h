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

/// What a workload does again and again.
enum class Unit {
    switches,   ///< context switches; of `empty-vmcall`, round trips
    operations, ///< on page tables, of many entries each
};

/// Differences of counters over one measured workload (shared/statistics.h says what each counts).
struct Result {
    std::string workload;
    Unit unit = Unit::switches;
    std::uint64_t iterations = 0; ///< in `unit`
    std::uint64_t entries = 0;    ///< page-table entries of all operations; 0 for switches
    std::uint64_t ticks = 0;      ///< of the TSC, guest and monitor together
    /// Processors that took part at the same time. All counts are sums over them.
    std::uint32_t cpus = 1;
    /// Everything else by the name it has on the line: "exits", "exit.CR_ACCESS", ... Some are no
    /// sums of differences: "shadow_in_use" and "shadow_limit" are levels at the end, "exits_min"
    /// and "exits_max" the least and the most exits of one processor.
    std::map<std::string, std::uint64_t, std::less<>> counters;

    /// 0 for a counter that was left out, as the guest leaves out what is 0.
    [[nodiscard]] std::uint64_t counter(std::string_view name) const;
    /// False on the bare machine, where there is no monitor that counts.
    [[nodiscard]] bool has_monitor() const { return counters.contains("exits"); }
    /// `count` divided by the number of switches or operations.
    [[nodiscard]] double per_iteration(std::uint64_t count) const;
    /// `count` divided by the number of page-table entries; 0 for switches.
    [[nodiscard]] double per_entry(std::uint64_t count) const;
    /// `count` of ticks by what they are compared by: a switch, or an entry of a page table.
    [[nodiscard]] double cost(std::uint64_t count) const;

    /// What is not the monitor's; 0 where the monitor's clock says more than the guest's.
    [[nodiscard]] std::uint64_t guest_ticks() const;
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

/// Parses what follows abi::result_prefix: "workload=NAME switches=N ticks=N ...", or
/// "workload=NAME operations=N entries=N ticks=N ...", with cpus=N in it where several processors
/// took part. Throws Failure when a key is missing or a value is no decimal number, nothing was
/// done, or the monitor's ticks are more than all. On several processors the clock is too coarse to
/// be held to that.
Result parse_result(std::string_view text);

/// The results of one boot.
struct Run {
    abi::Profile profile;
    abi::Interface interface;
    std::vector<Result> results;
    /// The "@context" lines of guest and monitor.
    std::map<std::string, std::string> context;
    std::uint32_t cpus = 1; ///< processors of the machine
    /// Of a Linux kernel: whether it isolates its page tables from user programs.
    bool has_page_table_isolation = false;

    /// Whether Linux measured it, whose workloads have names that begin so.
    [[nodiscard]] bool is_of_linux() const;
};

/// "linux/pingpong", "linux/fork", ...: programs of guest/linux_programs/.
inline constexpr std::string_view linux_prefix = "linux/";

/// This workload's "switches" are empty VMCALLs.
inline constexpr std::string_view empty_vmcall_workload = "empty-vmcall";

} // namespace tool
