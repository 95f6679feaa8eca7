#include "tools/results/table.h"

#include "tools/results/exit_summary.h"
#include "tools/results/processor_tables.h"
#include "tools/results/text_columns.h"
#include "tools/results/workload_details.h"

#include <fmt/format.h>

#include <algorithm>

namespace tool {
namespace {

/// The runs on machines with one processor.
std::vector<Run> runs_alone(const std::vector<Run>& runs) {
    std::vector<Run> alone;
    for (const Run& run : runs)
        if (run.cpus == 1)
            alone.push_back(run);
    return alone;
}

/// Names of workloads, in the order in which they were first measured.
std::vector<std::string> workload_names(const std::vector<Run>& runs, Unit unit) {
    std::vector<std::string> names;
    for (const Run& run : runs) {
        for (const Result& result : run.results) {
            const bool is_new =
                std::find(names.begin(), names.end(), result.workload) == names.end();
            if (result.unit == unit && result.workload != empty_vmcall_workload && is_new)
                names.push_back(result.workload);
        }
    }
    return names;
}

std::string headline(std::string_view title, const std::vector<Run>& runs,
                     const std::vector<std::string>& workloads) {
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
    if (columns.size() == 1 || workloads.empty())
        return "";
    std::vector<Row> rows;
    for (const std::string& workload : workloads) {
        Row row{workload};
        for (const Run& run : runs)
            if (run.profile != abi::Profile::bare)
                row.push_back(format_exits(find_result(run, workload)));
        rows.push_back(std::move(row));
    }
    return fmt::format("{}\n\n{}\n", title, format_columns(columns, rows, table_width));
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
                        format_rate(result->per_iteration(result->ticks)), context.tick_name,
                        format_rate(result->per_iteration(result->guest_ticks())),
                        format_rate(result->per_iteration(result->counter("monitor_ticks"))),
                        format_rate(result->vmcs_accesses_per_exit()));
    }
    return text.empty() ? "" : "An empty VMCALL\n\n" + text + '\n';
}

} // namespace

std::string results_table(const std::vector<Run>& all_runs, const TableContext& context) {
    const std::vector<Run> runs = runs_alone(all_runs);
    const std::vector<std::string> switching = workload_names(runs, Unit::switches);
    const std::vector<std::string> operating = workload_names(runs, Unit::operations);
    std::string text = headline("VM exits per context switch", runs, switching) +
                       headline("VM exits per page-table operation", runs, operating) +
                       empty_vmcalls(runs, context);
    for (const std::vector<std::string>& workloads : {switching, operating})
        for (const std::string& workload : workloads)
            text += workload_details(runs, workload, context.tick_name);
    text += processor_tables(all_runs, context.tick_name);
    text +=
        fmt::format("Measured on {}, CPU {}; its TSC counts {}. \"VMCS/exit\" counts VMREADs and "
                    "VMWRITEs.\n",
                    context.machine, context.cpu_model, context.tick_name);
    return text;
}

} // namespace tool
