#pragma once
// Results that were written to a file, read again.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// One entry of "benchmarks".
struct StoredBenchmark {
    std::string name;
    std::map<std::string, double> counters; ///< every number in it, real_time too

    /// 0 for a counter that is not there: those of what did not happen are left out.
    [[nodiscard]] double counter(const std::string& counter_name) const;
};

/// One file in Google Benchmark's format.
struct StoredResults {
    std::map<std::string, std::string> context; ///< without "runs" and other objects
    std::vector<StoredBenchmark> benchmarks;    ///< in the order of the file

    /// nullptr if there is none of this name.
    [[nodiscard]] const StoredBenchmark* find(std::string_view name) const;
    /// "instructions" or "cycles"; "" if the counters' names do not say.
    [[nodiscard]] std::string tick_name() const;
};

/// Throws WrongUsage, whose text begins with `file_name`, if `text` does not have this format, has
/// no benchmark, or has two of one name.
StoredResults parse_results(std::string_view text, const std::string& file_name);

/// Reads a file. Throws WrongUsage, also if there is no such file.
StoredResults read_results(const std::filesystem::path& path);

} // namespace tool
