#include "tools/results/processor_series.h"

#include <algorithm>
#include <set>

namespace tool {
namespace {

std::vector<std::string> workloads_of_several(const std::vector<Run>& runs) {
    std::vector<std::string> names;
    for (const Run& run : runs) {
        for (const Result& result : run.results) {
            const bool is_new =
                std::find(names.begin(), names.end(), result.workload) == names.end();
            if (result.cpus > 1 && is_new)
                names.push_back(result.workload);
        }
    }
    return names;
}

void add_results(Series& series, const Run& run) {
    if (run.profile != series.profile || run.interface != series.interface)
        return;
    for (const Result& result : run.results)
        if (result.workload == series.workload)
            series.by_cpus.emplace(result.cpus, &result);
}

} // namespace

const Result* Series::on(std::uint32_t cpus) const {
    const auto found = by_cpus.find(cpus);
    return found == by_cpus.end() ? nullptr : found->second;
}

std::vector<Series> collect_series(const std::vector<Run>& runs) {
    std::vector<Series> all;
    for (const std::string& workload : workloads_of_several(runs)) {
        for (const Run& run : runs) {
            if (run.cpus == 1)
                continue;
            Series series{workload, run.profile, run.interface, {}};
            for (const Run& other : runs)
                add_results(series, other);
            if (!series.by_cpus.empty())
                all.push_back(std::move(series));
        }
    }
    return all;
}

Numbers numbers_of_processors(const std::vector<Series>& all) {
    std::set<std::uint32_t> numbers;
    for (const Series& series : all)
        for (const auto& [cpus, result] : series.by_cpus)
            numbers.insert(cpus);
    return {numbers.begin(), numbers.end()};
}

} // namespace tool
