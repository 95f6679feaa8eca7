#include "tools/report/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace tool {
namespace {

constexpr std::array chief_workloads{
    "switch/full",    "switch/modern-ops",          "switch/pingpong",     "switch/pingpong-all",
    "switch/threads", "switch/round-robin-256-all", "switch/address-space"};

/// "VMCALL" for "exits_VMCALL_per_switch"; "" for other counters.
std::string reason_of(std::string_view counter) {
    constexpr std::string_view begin = "exits_";
    constexpr std::string_view end = "_per_switch";
    if (!counter.starts_with(begin) || !counter.ends_with(end) ||
        counter.size() <= begin.size() + end.size())
        return "";
    return std::string(counter.substr(begin.size(), counter.size() - begin.size() - end.size()));
}

/// The ways that measured this workload; with a monitor, if that is asked for.
std::vector<Way> ways_with(const std::vector<NamedResults>& files, const std::string& workload,
                           bool needs_monitor) {
    std::vector<Way> ways = all_ways(files);
    std::erase_if(ways, [&](const Way& way) {
        return way.find(workload) == nullptr || (needs_monitor && way.profile == "bare");
    });
    return ways;
}

Picture empty_bars(const std::string& workload, const std::vector<Way>& ways,
                   std::string value_title) {
    Picture picture{.kind = Picture::Kind::bars,
                    .title = workload.substr(workload.find('/') + 1),
                    .row_title = "profile, interface",
                    .value_title = std::move(value_title),
                    .rows = {},
                    .series = {}};
    for (const Way& way : ways)
        picture.rows.push_back(way.label);
    return picture;
}

/// The reasons of all exits, the most frequent first.
std::vector<std::string> reasons_of(const std::string& workload, const std::vector<Way>& ways) {
    std::map<std::string, double> sums;
    for (const Way& way : ways) {
        for (const auto& [counter, count] : way.find(workload)->counters)
            if (const std::string reason = reason_of(counter); !reason.empty())
                sums[reason] += count;
    }
    std::vector<std::string> reasons;
    for (const auto& [reason, sum] : sums)
        reasons.push_back(reason);
    std::stable_sort(reasons.begin(), reasons.end(),
                     [&sums](const std::string& left, const std::string& right) {
                         return sums[left] > sums[right];
                     });
    return reasons;
}

Picture exit_picture(const std::vector<NamedResults>& files, const std::string& workload) {
    const std::vector<Way> ways = ways_with(files, workload, true);
    Picture picture = empty_bars(workload, ways, "exits per switch");
    for (const std::string& reason : reasons_of(workload, ways)) {
        Series series{.name = reason, .figures = {}};
        for (const Way& way : ways)
            series.figures.emplace_back(
                way.find(workload)->counter(fmt::format("exits_{}_per_switch", reason)));
        picture.series.push_back(std::move(series));
    }
    return picture;
}

Picture time_picture(const std::vector<NamedResults>& files, const std::string& workload) {
    const std::vector<Way> ways = ways_with(files, workload, false);
    Picture picture =
        empty_bars(workload, ways, fmt::format("{} per switch", common_tick_name(files)));
    for (const char* const who : {"guest", "monitor"}) {
        Series series{.name = who, .figures = {}};
        for (const Way& way : ways)
            series.figures.push_back(way.figure(
                workload, fmt::format("{}_{}_per_switch", who, way.file->results.tick_name())));
        picture.series.push_back(std::move(series));
    }
    return picture;
}

} // namespace

std::vector<std::string> shown_switches(const std::vector<NamedResults>& files) {
    std::vector<std::string> chief;
    std::vector<std::string> all;
    for (const Measured& measured : measured_workloads(files, "switch/")) {
        if (measured.threads != 1)
            continue;
        all.push_back(measured.workload);
        if (std::find(chief_workloads.begin(), chief_workloads.end(), measured.workload) !=
            chief_workloads.end())
            chief.push_back(measured.workload);
    }
    return chief.empty() ? all : chief;
}

std::vector<Picture> exit_pictures(const std::vector<NamedResults>& files) {
    std::vector<Picture> pictures;
    for (const std::string& workload : shown_switches(files))
        if (Picture picture = exit_picture(files, workload); !picture.series.empty())
            pictures.push_back(std::move(picture));
    return pictures;
}

std::vector<Picture> time_pictures(const std::vector<NamedResults>& files) {
    std::vector<Picture> pictures;
    for (const std::string& workload : shown_switches(files))
        pictures.push_back(time_picture(files, workload));
    return pictures;
}

} // namespace tool
