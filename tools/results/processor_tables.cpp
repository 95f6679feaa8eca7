#include "tools/results/processor_tables.h"

#include "tools/results/exit_summary.h"
#include "tools/results/text_columns.h"
#include "tools/results/workload_details.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>

namespace tool {
namespace {

/// Numbers of processors.
using Numbers = std::vector<std::uint32_t>;

/// One workload on one profile and interface. Has at least one result.
struct Series {
    std::string workload;
    abi::Profile profile;
    abi::Interface interface;
    std::map<std::uint32_t, const Result*> by_cpus;

    /// The result on that many processors; null if there is none.
    [[nodiscard]] const Result* on(std::uint32_t cpus) const {
        const auto found = by_cpus.find(cpus);
        return found == by_cpus.end() ? nullptr : found->second;
    }
    /// The result on the most processors.
    [[nodiscard]] const Result& last() const { return *by_cpus.rbegin()->second; }
};

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

/// What was measured on several processors, together with the same on one processor, by workload in
/// the order in which the workloads were first measured. Points into `runs`.
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

/// The numbers of processors on which any of the series was measured, ascending.
Numbers numbers_of_processors(const std::vector<Series>& all) {
    std::set<std::uint32_t> numbers;
    for (const Series& series : all)
        for (const auto& [cpus, result] : series.by_cpus)
            numbers.insert(cpus);
    return {numbers.begin(), numbers.end()};
}

/// A figure, which gets a column for each number of processors.
struct Figure {
    std::string title;
    std::function<std::string(const Result&)> text;
};

/// Per switch or operation, without decimals: on several processors the clock is too coarse.
std::string format_monitor_ticks(const Result& result) {
    return fmt::format("{:.0f}", result.per_iteration(result.counter("monitor_ticks")));
}

template <class Fits>
std::vector<Series> choose(const std::vector<Series>& all, Fits fits) {
    std::vector<Series> chosen;
    std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), fits);
    return chosen;
}

/// Workload, profile and interface. A workload is named only in its first row.
std::vector<Column> name_columns() {
    return {{"workload", Column::Side::left},
            {"profile", Column::Side::left},
            {"interface", Column::Side::left}};
}

Row name_cells(const Series& series, std::string_view last_workload) {
    return {series.workload == last_workload ? "" : series.workload,
            std::string(abi::name(series.profile)), std::string(abi::name(series.interface))};
}

/// A row for each series and a block of columns for each figure, with the numbers of processors
/// side by side, so that growth is easy to see.
std::string side_by_side(const std::vector<Series>& all, const Numbers& numbers,
                         const std::vector<Figure>& figures) {
    std::vector<Column> columns = name_columns();
    for (const Figure& figure : figures) {
        for (const std::uint32_t cpus : numbers) {
            const std::string_view title =
                cpus == numbers.front() ? std::string_view(figure.title) : "";
            columns.push_back({fmt::format("{}\non {}", title, cpus), Column::Side::right});
        }
    }
    std::vector<Row> rows;
    std::string_view last_workload;
    for (const Series& series : all) {
        Row row = name_cells(series, last_workload);
        for (const Figure& figure : figures) {
            for (const std::uint32_t cpus : numbers) {
                const Result* const result = series.on(cpus);
                row.push_back(result == nullptr ? "-" : figure.text(*result));
            }
        }
        rows.push_back(std::move(row));
        last_workload = series.workload;
    }
    return format_columns(columns, rows, table_width);
}

/// 0 if the second counter is higher.
std::uint64_t difference(const Result& result, std::string_view more, std::string_view less) {
    return result.counter(more) - std::min(result.counter(more), result.counter(less));
}

/// How many more exits one processor had than another.
std::uint64_t spread(const Result& result) { return difference(result, "exits_max", "exits_min"); }

std::uint64_t highest_spread(const std::vector<Series>& all) {
    std::uint64_t highest = 0;
    for (const Series& series : all)
        for (const auto& [cpus, result] : series.by_cpus)
            highest = std::max(highest, spread(*result));
    return highest;
}

std::string switches(const std::vector<Series>& all, std::string_view tick_name) {
    const std::vector<Series> chosen = choose(all, [](const Series& series) {
        return series.last().unit == Unit::switches && series.last().has_monitor();
    });
    if (chosen.empty())
        return "";
    const std::uint64_t highest = highest_spread(chosen);
    const auto exits = [highest](const Result& result) {
        const std::string_view no_mark = highest == 0 ? "" : " ";
        return format_exits(&result) + std::string(spread(result) == 0 ? no_mark : "*");
    };
    std::string text = fmt::format(
        "On several processors at the same time: VM exits per context switch, and {} in the "
        "monitor\n\n{}",
        tick_name,
        side_by_side(chosen, numbers_of_processors(chosen),
                     {{"exits", exits}, {"monitor", format_monitor_ticks}}));
    if (highest != 0) {
        text += fmt::format("\n  * One processor had more exits than another; at most {} more, in "
                            "the whole workload.\n",
                            highest);
    }
    return text + '\n';
}

/// What the exits were on the most processors; empty if there were none.
std::string shootdown_details(const std::vector<Series>& all, std::uint32_t cpus,
                              std::string_view tick_name) {
    std::vector<Column> columns = name_columns();
    columns.push_back({"monitor", Column::Side::right});
    columns.push_back({"what the exits were", Column::Side::left});
    std::vector<Row> rows;
    std::string_view last_workload;
    for (const Series& series : all) {
        const Result* const result = series.on(cpus);
        if (result == nullptr || result->counter("exits") == 0)
            continue;
        Row row = name_cells(series, last_workload);
        row.push_back(format_monitor_ticks(*result));
        row.push_back(fmt::format("{}", fmt::join(exit_summary(*result), "; ")));
        rows.push_back(std::move(row));
        last_workload = series.workload;
    }
    if (rows.empty())
        return "";
    return fmt::format("Shoot-downs on {} processors: for each operation; {} in the monitor, of "
                       "all processors together\n\n{}\n",
                       cpus, tick_name, format_columns(columns, rows, table_width));
}

std::string shootdowns(const std::vector<Series>& all, std::string_view tick_name) {
    const std::vector<Series> chosen = choose(all, [](const Series& series) {
        return series.last().unit == Unit::operations && series.last().has_monitor();
    });
    if (chosen.empty())
        return "";
    const auto rate = [](const Result& result, std::uint64_t count) {
        return format_rate(result.per_iteration(count));
    };
    const auto exits = [rate](const Result& result) {
        return rate(result, result.counter("exits"));
    };
    const auto rest = [rate](const Result& result) {
        return rate(result, difference(result, "exits", "kicks_received"));
    };
    const auto kicked = [rate](const Result& result) {
        return rate(result, result.counter("kicks_received"));
    };
    const Numbers numbers = numbers_of_processors(chosen);
    return fmt::format("Shoot-downs on several processors: VM exits per operation, of those "
                       "kicks of other processors, and the rest\n\n{}\n",
                       side_by_side(chosen, numbers,
                                    {{"exits", exits}, {"kicked", kicked}, {"rest", rest}})) +
           shootdown_details(chosen, numbers.back(), tick_name);
}

std::string contention(const std::vector<Series>& all, std::string_view tick_name) {
    const std::vector<Series> chosen = choose(all, [](const Series& series) {
        return std::any_of(series.by_cpus.begin(), series.by_cpus.end(), [](const auto& measured) {
            return measured.first > 1 && measured.second->counter("lock_taken") != 0;
        });
    });
    if (chosen.empty())
        return "";
    const auto taken = [](const Result& result) {
        return format_rate(result.per_iteration(result.counter("lock_taken")));
    };
    const auto waited = [](const Result& result) {
        const std::uint64_t times = result.counter("lock_taken");
        return times == 0 ? std::string("-")
                          : fmt::format("{:.1f}%",
                                        100.0 * static_cast<double>(result.counter("lock_waited")) /
                                            static_cast<double>(times));
    };
    const auto waiting = [](const Result& result) {
        return fmt::format("{:.1f}", result.per_iteration(result.counter("lock_ticks")));
    };
    Numbers numbers = numbers_of_processors(chosen);
    std::erase(numbers, 1U);
    return fmt::format("The lock of the page tables: times taken per switch or operation, share "
                       "that waited, {} in waiting\n\n{}\n",
                       tick_name,
                       side_by_side(chosen, numbers,
                                    {{"taken", taken}, {"waited", waited}, {"waiting", waiting}}));
}

} // namespace

std::string processor_tables(const std::vector<Run>& runs, std::string_view tick_name) {
    const std::vector<Series> all = collect_series(runs);
    return switches(all, tick_name) + shootdowns(all, tick_name) + contention(all, tick_name);
}

} // namespace tool
