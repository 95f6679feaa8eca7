#pragma once
// What the files with results have, by profile and interface.

#include "tools/results/stored_results.h"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace tool {

/// One file of the report.
struct NamedResults {
    std::string label; ///< what the page calls the file
    StoredResults results;
};

/// What the report calls the files: their names without folder and extension, or all of the paths
/// if two would be called the same.
std::vector<std::string> file_labels(const std::vector<std::string>& paths);

/// A way to run a workload: a file, a profile and an interface.
struct Way {
    const NamedResults* file;
    std::size_t file_number; ///< 0 for the first
    std::string profile;
    std::string interface;
    std::string label; ///< "classic lazy", and the file's label if there are several

    /// A benchmark of this way: "switch/full" becomes "switch/full/classic/lazy/threads:2".
    [[nodiscard]] std::string benchmark_name(const std::string& workload,
                                             unsigned threads = 1) const;
    [[nodiscard]] const StoredBenchmark* find(const std::string& workload,
                                              unsigned threads = 1) const;
    /// nullopt if the benchmark was not measured, or if nothing counts there (on the bare machine).
    [[nodiscard]] std::optional<double>
    figure(const std::string& workload, const std::string& counter, unsigned threads = 1) const;
};

/// Every way, by profile, interface and file: bare, then classic, hardened and modern.
std::vector<Way> all_ways(const std::vector<NamedResults>& files);

/// A benchmark's name, taken apart: "pagetable/map/512" on 4 processors.
struct Measured {
    std::string workload;
    unsigned threads;
    bool operator==(const Measured&) const = default;
    bool operator<(const Measured& other) const {
        return std::tie(workload, threads) < std::tie(other.workload, other.threads);
    }
};

/// The workloads of all files whose names begin with `prefix` ("switch/"), in the files' order,
/// each once for each number of processors.
std::vector<Measured> measured_workloads(const std::vector<NamedResults>& files,
                                         std::string_view prefix);

/// "instructions" or "cycles"; "ticks" if the files do not agree.
std::string common_tick_name(const std::vector<NamedResults>& files);

} // namespace tool
