#include "tools/results/table.h"

#include "tools/results/exit_summary.h"
#include "tools/results/headline.h"
#include "tools/results/processor_tables.h"
#include "tools/results/workload_details.h"

#include <fmt/format.h>

namespace tool {
namespace {

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
    std::string text = exits_table("VM exits per context switch", runs, switching) +
                       exits_table("VM exits per page-table operation", runs, operating) +
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
