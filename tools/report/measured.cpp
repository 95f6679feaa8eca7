#include "tools/report/measured.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

namespace tool {
namespace {

constexpr std::array profiles{"bare", "classic", "hardened", "modern"};
constexpr std::array interfaces{"native", "eager", "lazy"};
constexpr std::string_view threads_mark = "/threads:";

/// Takes "/threads:N" and "/PROFILE/INTERFACE" off the end.
Measured take_apart(std::string_view name) {
    unsigned threads = 1;
    if (const std::size_t mark = name.find(threads_mark); mark != std::string_view::npos) {
        const std::string_view number = name.substr(mark + threads_mark.size());
        std::from_chars(number.data(), number.data() + number.size(), threads);
        name = name.substr(0, mark);
    }
    for (int part = 0; part < 2; ++part)
        name = name.substr(0, name.rfind('/'));
    return {std::string(name), threads};
}

} // namespace

std::vector<std::string> file_labels(const std::vector<std::string>& paths) {
    std::vector<std::string> labels;
    for (const std::string& path : paths)
        labels.push_back(std::filesystem::path(path).stem().string());
    const bool are_distinct =
        std::set<std::string>(labels.begin(), labels.end()).size() == labels.size();
    return are_distinct ? labels : paths;
}

std::string Way::benchmark_name(const std::string& workload, unsigned threads) const {
    std::string name = fmt::format("{}/{}/{}", workload, profile, interface);
    return threads == 1 ? name : fmt::format("{}{}{}", name, threads_mark, threads);
}

const StoredBenchmark* Way::find(const std::string& workload, unsigned threads) const {
    return file->results.find(benchmark_name(workload, threads));
}

std::optional<double> Way::figure(const std::string& workload, const std::string& counter,
                                  unsigned threads) const {
    const StoredBenchmark* const benchmark = find(workload, threads);
    if (benchmark == nullptr)
        return std::nullopt;
    const auto found = benchmark->counters.find(counter);
    return found == benchmark->counters.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Way> all_ways(const std::vector<NamedResults>& files) {
    std::vector<Way> ways;
    const auto add = [&](const std::string& profile, const std::string& interface) {
        for (std::size_t number = 0; number < files.size(); ++number) {
            const std::string file = files.size() == 1 ? "" : ", " + files[number].label;
            ways.push_back({.file = &files[number],
                            .file_number = number,
                            .profile = profile,
                            .interface = interface,
                            .label = fmt::format("{} {}{}", profile, interface, file)});
        }
    };
    for (const char* const profile : profiles)
        for (const char* const interface : interfaces)
            add(profile, interface);
    return ways;
}

std::vector<Measured> measured_workloads(const std::vector<NamedResults>& files,
                                         std::string_view prefix) {
    std::vector<Measured> found;
    std::set<Measured> seen;
    for (const NamedResults& file : files) {
        for (const StoredBenchmark& benchmark : file.results.benchmarks) {
            Measured measured = take_apart(benchmark.name);
            if (benchmark.name.starts_with(prefix) && seen.insert(measured).second)
                found.push_back(std::move(measured));
        }
    }
    return found;
}

std::string common_tick_name(const std::vector<NamedResults>& files) {
    const std::string name = files.front().results.tick_name();
    const bool agree = std::all_of(files.begin(), files.end(), [&name](const NamedResults& file) {
        return file.results.tick_name() == name;
    });
    return agree && !name.empty() ? name : "ticks";
}

} // namespace tool
