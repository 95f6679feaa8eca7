#include "tools/results/stored_results.h"

#include "tools/host/failure.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

namespace tool {
namespace {

using Json = nlohmann::json;

WrongUsage not_results(const std::string& file_name, std::string_view what) {
    return WrongUsage(fmt::format("{} does not have results of bench: {}; write such a file with "
                                  "`./lazyhv bench --json FILE`",
                                  file_name, what));
}

StoredBenchmark to_benchmark(const Json& entry, const std::string& file_name) {
    if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string())
        throw not_results(file_name, "a benchmark has no name");
    StoredBenchmark benchmark{.name = entry["name"], .counters = {}};
    for (const auto& [name, value] : entry.items())
        if (value.is_number())
            benchmark.counters[name] = value;
    return benchmark;
}

} // namespace

double StoredBenchmark::counter(const std::string& counter_name) const {
    const auto found = counters.find(counter_name);
    return found == counters.end() ? 0 : found->second;
}

const StoredBenchmark* StoredResults::find(std::string_view name) const {
    const auto found =
        std::find_if(benchmarks.begin(), benchmarks.end(),
                     [name](const StoredBenchmark& benchmark) { return benchmark.name == name; });
    return found == benchmarks.end() ? nullptr : &*found;
}

std::string StoredResults::tick_name() const {
    for (const StoredBenchmark& benchmark : benchmarks) {
        for (const auto& [counter, value] : benchmark.counters) {
            for (const char* const unit : {"instructions", "cycles"})
                if (counter.starts_with(fmt::format("guest_{}_per_", unit)))
                    return unit;
        }
    }
    return "";
}

StoredResults parse_results(std::string_view text, const std::string& file_name) {
    const Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded())
        throw not_results(file_name, "it is not JSON");
    if (!document.is_object() || !document.contains("benchmarks") ||
        !document["benchmarks"].is_array() || document["benchmarks"].empty())
        throw not_results(file_name, "there are no benchmarks in it");
    StoredResults results;
    if (document.contains("context") && document["context"].is_object()) {
        for (const auto& [name, value] : document["context"].items()) {
            if (value.is_primitive()) {
                results.context[name] = value.is_string() ? value.get<std::string>() : value.dump();
            }
        }
    }
    std::set<std::string> names;
    for (const Json& entry : document["benchmarks"]) {
        results.benchmarks.push_back(to_benchmark(entry, file_name));
        const std::string& name = results.benchmarks.back().name;
        if (!names.insert(name).second)
            throw not_results(file_name, fmt::format("it has two benchmarks {}", name));
    }
    return results;
}

StoredResults read_results(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path))
        throw WrongUsage(
            fmt::format("cannot read the results in {}: it is a folder", path.string()));
    std::ifstream stream(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream)
        throw WrongUsage(
            fmt::format("cannot read the results in {}: {}", path.string(), std::strerror(errno)));
    return parse_results(text, path.string());
}

} // namespace tool
