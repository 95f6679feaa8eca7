#include "tools/results/linux_table.h"

#include "tools/results/exit_summary.h"
#include "tools/results/text_columns.h"
#include "tools/results/workload_details.h"

#include <fmt/format.h>

namespace tool {
namespace {

/// "Linux", "Linux, pti", "lazyhv's, lazy".
std::string kernel_name(const Run& run) {
    if (run.is_of_linux())
        return run.has_page_table_isolation ? "Linux, pti" : "Linux";
    return fmt::format("lazyhv's, {}", abi::name(run.interface));
}

/// `workloads`: the workload that is compared, by its name in each of the kernels.
std::string rows_of(const std::vector<Run>& runs, const std::vector<std::string>& workloads,
                    std::string_view tick_name) {
    const std::vector<Column> columns{
        {"profile", Column::Side::left},      {"kernel", Column::Side::left},
        {"exits", Column::Side::right},       {"in\nguest", Column::Side::right},
        {"in\nmonitor", Column::Side::right}, {"what the exits were", Column::Side::left}};
    std::vector<Row> rows;
    for (const Run& run : runs) {
        for (const std::string& workload : workloads) {
            const Result* const result = find_result(run, workload);
            if (result == nullptr)
                continue;
            rows.push_back(
                {std::string(abi::name(run.profile)), kernel_name(run), format_exits(result),
                 format_rate(result->per_iteration(result->guest_ticks())),
                 result->has_monitor()
                     ? format_rate(result->per_iteration(result->counter("monitor_ticks")))
                     : "-",
                 full_summary(*result, tick_name)});
        }
    }
    return rows.empty() ? "" : format_columns(columns, rows, table_width);
}

} // namespace

std::string linux_table(const std::vector<Run>& runs, const TableContext& context) {
    return fmt::format(
        "VM exits per context switch, and {0}\n"
        "(Linux: a byte through a pipe to another process; lazyhv's kernel: a task yields)\n\n{1}\n"
        "VM exits per fork, exit and wait, and {0}\n\n{2}\n"
        "Measured on {3}, CPU {4}; its TSC counts {0}.\n",
        context.tick_name, rows_of(runs, {"linux/pingpong", "pingpong"}, context.tick_name),
        rows_of(runs, {"linux/fork"}, context.tick_name), context.machine, context.cpu_model);
}

} // namespace tool
