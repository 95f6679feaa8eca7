#include "tools/results/headline.h"

#include "tools/results/text_columns.h"
#include "tools/results/workload_details.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace tool {

std::vector<Run> runs_alone(const std::vector<Run>& runs) {
    std::vector<Run> alone;
    std::copy_if(runs.begin(), runs.end(), std::back_inserter(alone),
                 [](const Run& run) { return run.cpus == 1; });
    return alone;
}

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

std::string workload_table(std::string_view title, const std::vector<Run>& runs,
                           const std::vector<std::string>& workloads, const Cell& cell,
                           bool has_bare) {
    std::vector<Column> columns{{"workload", Column::Side::left}};
    std::optional<abi::Profile> last;
    std::vector<const Run*> shown;
    for (const Run& run : runs) {
        if (run.profile == abi::Profile::bare && !has_bare)
            continue;
        const std::string_view group = run.profile == last ? "" : abi::name(run.profile);
        columns.push_back(
            {fmt::format("{}\n{}", group, abi::name(run.interface)), Column::Side::right});
        last = run.profile;
        shown.push_back(&run);
    }
    if (shown.empty() || workloads.empty())
        return "";
    std::vector<Row> rows;
    for (const std::string& workload : workloads) {
        Row row{workload};
        for (const Run* const run : shown)
            row.push_back(cell(find_result(*run, workload)));
        rows.push_back(std::move(row));
    }
    return fmt::format("{}\n\n{}\n", title, format_columns(columns, rows, table_width));
}

std::string exits_table(std::string_view title, const std::vector<Run>& runs,
                        const std::vector<std::string>& workloads) {
    return workload_table(title, runs, workloads, format_exits, false);
}

} // namespace tool
