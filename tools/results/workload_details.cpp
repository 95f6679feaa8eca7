#include "tools/results/workload_details.h"

#include "tools/results/exit_summary.h"
#include "tools/results/text_columns.h"

#include <fmt/format.h>

#include <algorithm>

namespace tool {
namespace {

constexpr std::string_view nothing = "-";

std::vector<Column> columns_for(Unit unit) {
    std::vector<Column> columns{
        {"profile", Column::Side::left},
        {"interface", Column::Side::left},
        {"exits", Column::Side::right},
    };
    const bool is_of_entries = unit == Unit::operations;
    if (is_of_entries)
        columns.push_back({"exits\n/entry", Column::Side::right});
    columns.push_back({"hyper-\ncalls", Column::Side::right});
    columns.push_back({"entries\n/flush", Column::Side::right});
    columns.push_back({is_of_entries ? "guest\n/entry" : "in\nguest", Column::Side::right});
    columns.push_back({is_of_entries ? "monitor\n/entry" : "in\nmonitor", Column::Side::right});
    if (!is_of_entries)
        columns.push_back({"VMCS\n/exit", Column::Side::right});
    columns.push_back({"what the exits were", Column::Side::left});
    return columns;
}

Row row_for(const Run& run, const Result& result, std::string_view tick_name) {
    const bool is_of_entries = result.unit == Unit::operations;
    const bool monitored = result.has_monitor();
    const auto rate_if = [](bool there_is_one, double rate) {
        return there_is_one ? format_rate(rate) : std::string(nothing);
    };
    Row row{std::string(abi::name(run.profile)), std::string(abi::name(run.interface)),
            format_exits(&result)};
    if (is_of_entries)
        row.push_back(monitored ? fmt::format("{:.3f}", result.per_entry(result.counter("exits")))
                                : std::string(nothing));
    row.push_back(rate_if(monitored, result.per_iteration(result.hypercalls())));
    row.push_back(rate_if(result.counter("flushes") != 0, result.entries_per_flush()));
    row.push_back(format_rate(result.cost(result.guest_ticks())));
    row.push_back(rate_if(monitored, result.cost(result.counter("monitor_ticks"))));
    if (!is_of_entries)
        row.push_back(rate_if(result.counter("exits") != 0, result.vmcs_accesses_per_exit()));
    row.push_back(full_summary(result, tick_name));
    return row;
}

std::string title_for(const Result& result, std::string_view tick_name) {
    if (result.unit == Unit::switches)
        return fmt::format("{}: for each of {} switches; {} in guest and monitor", result.workload,
                           result.iterations, tick_name);
    return fmt::format("{}: for each of {} operations of {} entries; {} in guest and monitor",
                       result.workload, result.iterations,
                       format_rate(result.per_iteration(result.entries)), tick_name);
}

} // namespace

const Result* find_result(const Run& run, std::string_view workload, std::uint32_t cpus) {
    const auto found = std::find_if(run.results.begin(), run.results.end(),
                                    [workload, cpus](const Result& result) {
                                        return result.workload == workload && result.cpus == cpus;
                                    });
    return found == run.results.end() ? nullptr : &*found;
}

std::string format_exits(const Result* result) {
    if (result == nullptr || !result->has_monitor())
        return std::string(nothing);
    return fmt::format("{:.3f}", result->per_iteration(result->counter("exits")));
}

std::string workload_details(const std::vector<Run>& runs, std::string_view workload,
                             std::string_view tick_name) {
    std::vector<Row> rows;
    const Result* last = nullptr;
    for (const Run& run : runs) {
        const Result* const result = find_result(run, workload);
        if (result == nullptr || (last != nullptr && result->unit != last->unit))
            continue;
        rows.push_back(row_for(run, *result, tick_name));
        last = result;
    }
    if (last == nullptr)
        return "";
    return fmt::format("{}\n\n{}\n", title_for(*last, tick_name),
                       format_columns(columns_for(last->unit), rows, table_width));
}

} // namespace tool
