#include "tools/report/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tool {
namespace {

/// What several processors ran, each once, in the order of the files.
std::vector<std::string> shared_workloads(const std::vector<NamedResults>& files) {
    std::vector<std::string> workloads;
    for (const char* const prefix : {"switch/", "shootdown/"}) {
        for (const auto& [workload, threads] : measured_workloads(files, prefix)) {
            const bool is_new =
                std::find(workloads.begin(), workloads.end(), workload) == workloads.end();
            if (threads != 1 && is_new)
                workloads.push_back(workload);
        }
    }
    return workloads;
}

std::vector<unsigned> processors_of(const std::vector<NamedResults>& files,
                                    const std::string& workload) {
    std::set<unsigned> numbers;
    for (const Measured& measured : measured_workloads(files, workload + "/"))
        if (measured.workload == workload)
            numbers.insert(measured.threads);
    return {numbers.begin(), numbers.end()};
}

} // namespace

std::vector<Picture> processor_pictures(const std::vector<NamedResults>& files) {
    std::vector<Picture> pictures;
    const std::vector<Way> ways = all_ways(files);
    for (const std::string& workload : shared_workloads(files)) {
        const std::vector<unsigned> processors = processors_of(files, workload);
        const bool is_switch = workload.starts_with("switch/");
        const std::string unit = is_switch ? "switch" : "operation";
        const std::string time_unit = is_switch ? "switch" : "entry";
        std::vector<std::string> rows;
        for (const unsigned number : processors)
            rows.push_back(std::to_string(number));
        Picture picture{.kind = Picture::Kind::lines,
                        .title = is_switch ? workload.substr(workload.find('/') + 1) : workload,
                        .row_title = "processors",
                        .value_title = fmt::format("exits per {}", unit),
                        .rows = rows,
                        .series = lines(ways, rows.size(), [&](const Way& way, std::size_t row) {
                            return way.figure(workload, fmt::format("exits_per_{}", unit),
                                              processors[row]);
                        })};
        pictures.push_back(picture);
        picture.value_title =
            fmt::format("monitor's {} per {}", common_tick_name(files), time_unit);
        picture.series = lines(ways, rows.size(), [&](const Way& way, std::size_t row) {
            return way.figure(
                workload,
                fmt::format("monitor_{}_per_{}", way.file->results.tick_name(), time_unit),
                processors[row]);
        });
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

} // namespace tool
