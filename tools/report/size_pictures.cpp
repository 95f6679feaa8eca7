#include "tools/report/pictures.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>

namespace tool {
namespace {

/// Numbers of entries, by operation ("pagetable/map").
std::map<std::string, std::set<unsigned>>
sizes_of_operations(const std::vector<NamedResults>& files) {
    std::map<std::string, std::set<unsigned>> sizes;
    for (const Measured& measured : measured_workloads(files, "pagetable/")) {
        const std::size_t slash = measured.workload.rfind('/');
        const std::string_view number = std::string_view(measured.workload).substr(slash + 1);
        unsigned size = 0;
        std::from_chars(number.data(), number.data() + number.size(), size);
        if (measured.threads == 1 && size != 0)
            sizes[measured.workload.substr(0, slash)].insert(size);
    }
    return sizes;
}

/// Guest and monitor together; nullopt without the guest's time.
std::optional<double> time_per_entry(const Way& way, const std::string& workload) {
    const auto part = [&](const char* who) {
        return way.figure(workload,
                          fmt::format("{}_{}_per_entry", who, way.file->results.tick_name()));
    };
    const std::optional<double> guest = part("guest");
    return guest ? std::optional(*guest + part("monitor").value_or(0)) : std::nullopt;
}

} // namespace

std::vector<Picture> size_pictures(const std::vector<NamedResults>& files) {
    std::vector<Picture> pictures;
    const std::vector<Way> ways = all_ways(files);
    for (const auto& [operation, sizes] : sizes_of_operations(files)) {
        if (sizes.size() < 2)
            continue;
        std::vector<std::string> rows;
        for (const unsigned size : sizes)
            rows.push_back(std::to_string(size));
        const auto workload = [&operation = operation, &rows](std::size_t row) {
            return fmt::format("{}/{}", operation, rows[row]);
        };
        Picture picture{.kind = Picture::Kind::lines,
                        .title = operation.substr(operation.find('/') + 1),
                        .row_title = "entries",
                        .value_title = "exits per operation",
                        .rows = rows,
                        .series = lines(ways, rows.size(), [&](const Way& way, std::size_t row) {
                            return way.figure(workload(row), "exits_per_operation");
                        })};
        pictures.push_back(picture);
        picture.value_title =
            fmt::format("{} per entry, guest and monitor", common_tick_name(files));
        picture.series = lines(ways, rows.size(), [&](const Way& way, std::size_t row) {
            return time_per_entry(way, workload(row));
        });
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

} // namespace tool
