#include "tools/compare/context_difference.h"

#include <fmt/format.h>

namespace tool {
namespace {

struct Condition {
    std::string key; ///< in the context
    std::string_view name;
};

std::string value(const StoredResults& results, const std::string& key) {
    const auto found = results.context.find(key);
    return found == results.context.end() ? "not given" : found->second;
}

} // namespace

std::vector<std::string> context_differences(const StoredResults& old_results,
                                             const StoredResults& new_results) {
    std::vector<Condition> conditions{{"machine", "machine"},
                                      {"cpu_model", "CPU model"},
                                      {"emulator", "emulator"},
                                      {"memory_mebibytes", "memory in MiB"},
                                      {"cpus", "processors"},
                                      {"switches", "switches"},
                                      {"shadow_memory_kibibytes", "shadow memory in KiB"}};
    if (value(old_results, "machine") == "kvm" && value(new_results, "machine") == "kvm")
        conditions.push_back({"host_name", "host"});
    std::vector<std::string> differences;
    for (const Condition& condition : conditions) {
        const std::string before = value(old_results, condition.key);
        const std::string now = value(new_results, condition.key);
        if (before != now)
            differences.push_back(fmt::format("{}: {} and {}", condition.name, before, now));
    }
    if (old_results.tick_name() != new_results.tick_name())
        differences.push_back(fmt::format("unit of time: {} and {}; times are not compared",
                                          old_results.tick_name(), new_results.tick_name()));
    return differences;
}

} // namespace tool
