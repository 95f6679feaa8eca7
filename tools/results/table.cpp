#include "tools/results/table.h"

#include "tools/results/exit_summary.h"
#include "tools/results/text_columns.h"

#include <fmt/format.h>

#include <algorithm>

namespace tool {
namespace {

constexpr std::size_t table_width = 120;
constexpr std::string_view nothing = "-";

/// Workloads in the order in which they were measured first.
std::vector<std::string> workload_names(const std::vector<Run>& runs) {
    std::vector<std::string> names;
    for (const Run& run : runs) {
        for (const Result& result : run.results) {
            const bool is_new =
                std::find(names.begin(), names.end(), result.workload) == names.end();
            if (result.workload != empty_vmcall_workload && is_new)
                names.push_back(result.workload);
        }
    }
    return names;
}

const Result* find_result(const Run& run, std::string_view workload) {
    const auto found =
        std::find_if(run.results.begin(), run.results.end(),
                     [workload](const Result& result) { return result.workload == workload; });
    return found == run.results.end() ? nullptr : &*found;
}

std::string exits_per_switch(const Result* result) {
    if (result == nullptr || !result->has_monitor())
        return std::string(nothing);
    return fmt::format("{:.3f}", result->per_switch(result->counter("exits")));
}

std::string headline(const std::vector<Run>& runs, const std::vector<std::string>& workloads) {
    std::vector<Column> columns{{"workload", Column::Side::left}};
    abi::Profile last = abi::Profile::bare;
    for (const Run& run : runs) {
        if (run.profile == abi::Profile::bare)
            continue;
        const std::string_view group = run.profile == last ? "" : abi::name(run.profile);
        columns.push_back(
            {fmt::format("{}\n{}", group, abi::name(run.interface)), Column::Side::right});
        last = run.profile;
    }
    if (columns.size() == 1)
        return "";
    std::vector<Row> rows;
    for (const std::string& workload : workloads) {
        Row row{workload};
        for (const Run& run : runs)
            if (run.profile != abi::Profile::bare)
                row.push_back(exits_per_switch(find_result(run, workload)));
        rows.push_back(std::move(row));
    }
    return "VM exits per context switch\n\n" + format_columns(columns, rows, table_width) + '\n';
}

std::string empty_vmcalls(const std::vector<Run>& runs, const TableContext& context) {
    std::string text;
    for (const Run& run : runs) {
        const Result* const result = find_result(run, empty_vmcall_workload);
        if (result == nullptr)
            continue;
        text +=
            fmt::format("  {}/{}: {} {} there and back ({} in the guest, {} in the monitor), {} "
                        "VMREADs and VMWRITEs\n",
                        abi::name(run.profile), abi::name(run.interface),
                        format_rate(result->per_switch(result->ticks)), context.tick_name,
                        format_rate(result->per_switch(result->guest_ticks())),
                        format_rate(result->per_switch(result->counter("monitor_ticks"))),
                        format_rate(result->vmcs_accesses_per_exit()));
    }
    return text.empty() ? "" : "An empty VMCALL\n\n" + text + '\n';
}

Row detail_row(const Run& run, const Result& result) {
    const auto rate = [&result](std::uint64_t count) {
        return format_rate(result.per_switch(count));
    };
    const std::string none(nothing);
    Row row{std::string(abi::name(run.profile)), std::string(abi::name(run.interface)),
            exits_per_switch(&result)};
    const bool monitored = result.has_monitor();
    row.push_back(monitored ? rate(result.hypercalls()) : none);
    row.push_back(result.counter("flushes") != 0 ? format_rate(result.entries_per_flush()) : none);
    row.push_back(rate(result.guest_ticks()));
    row.push_back(monitored ? rate(result.counter("monitor_ticks")) : none);
    row.push_back(result.counter("exits") != 0 ? format_rate(result.vmcs_accesses_per_exit())
                                               : none);
    std::string summary;
    for (const std::string& part : exit_summary(result))
        summary += (summary.empty() ? "" : "; ") + part;
    row.push_back(summary);
    return row;
}

std::string details(const std::vector<Run>& runs, const std::string& workload,
                    std::string_view tick_name) {
    const std::vector<Column> columns{
        {"profile", Column::Side::left},
        {"interface", Column::Side::left},
        {"exits", Column::Side::right},
        {"hyper-\ncalls", Column::Side::right},
        {"entries\n/flush", Column::Side::right},
        {"in\nguest", Column::Side::right},
        {"in\nmonitor", Column::Side::right},
        {"VMCS\n/exit", Column::Side::right},
        {"what the exits were", Column::Side::left},
    };
    std::vector<Row> rows;
    std::uint64_t switches = 0;
    for (const Run& run : runs) {
        if (const Result* const result = find_result(run, workload); result != nullptr) {
            rows.push_back(detail_row(run, *result));
            switches = result->switches;
        }
    }
    return fmt::format("{}: for each of {} switches; {} in guest and monitor\n\n{}\n", workload,
                       switches, tick_name, format_columns(columns, rows, table_width));
}

} // namespace

std::string results_table(const std::vector<Run>& runs, const TableContext& context) {
    const std::vector<std::string> workloads = workload_names(runs);
    std::string text = headline(runs, workloads) + empty_vmcalls(runs, context);
    for (const std::string& workload : workloads)
        text += details(runs, workload, context.tick_name);
    text +=
        fmt::format("Measured on {}, CPU {}; its TSC counts {}. \"VMCS/exit\" counts VMREADs and "
                    "VMWRITEs.\n",
                    context.machine, context.cpu_model, context.tick_name);
    return text;
}

} // namespace tool
