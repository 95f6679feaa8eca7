#include "tools/results/short_table.h"

#include "tools/results/exit_summary.h"
#include "tools/results/headline.h"
#include "tools/results/processor_tables.h"
#include "tools/results/workload_details.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tool {
namespace {

using Names = std::vector<std::string>;

Names names_of(const std::vector<Run>& runs, Unit unit, const Names& shown) {
    const Names all = workload_names(runs, unit);
    Names chosen;
    std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), [&](const std::string& name) {
        return shown.empty() || std::find(shown.begin(), shown.end(), name) != shown.end();
    });
    return chosen;
}

double exits(const Result& result) { return result.per_iteration(result.counter("exits")); }

/// The exits of one workload on one profile, with the lazy interface and with another one.
struct Saving {
    std::string workload;
    abi::Profile profile = abi::Profile::bare;
    double lazy = 0;
    double other = 0;
};

/// Where the lazy interface saves most exits, compared with `interface`. Without any: both are 0.
Saving largest_saving(const std::vector<Run>& runs, const Names& workloads,
                      abi::Interface interface) {
    Saving largest;
    for (const std::string& workload : workloads) {
        for (const Run& lazy : runs) {
            for (const Run& other : runs) {
                if (lazy.profile != other.profile || other.interface != interface ||
                    lazy.interface != abi::Interface::lazy)
                    continue;
                const Result* const less = find_result(lazy, workload);
                const Result* const more = find_result(other, workload);
                if (less != nullptr && more != nullptr &&
                    exits(*more) - exits(*less) > largest.other - largest.lazy)
                    largest = {workload, lazy.profile, exits(*less), exits(*more)};
            }
        }
    }
    return largest;
}

/// "full on hardened: 7 exits with native, 1 with lazy", or "" if lazy saves nothing.
std::string saving_sentence(const std::vector<Run>& runs, const Names& workloads,
                            abi::Interface interface, std::string_view why) {
    const Saving saving = largest_saving(runs, workloads, interface);
    if (saving.other == 0)
        return "";
    return fmt::format("  {} on {}: {} exits with {}, {} with lazy. {}\n\n", saving.workload,
                       abi::name(saving.profile), format_rate(saving.other), abi::name(interface),
                       format_rate(saving.lazy), why);
}

std::string ticks(const Result* result) {
    return result == nullptr ? "-" : fmt::format("{:.0f}", result->per_iteration(result->ticks));
}

/// Guest and monitor together; on the bare machine too.
std::string ticks_table(const std::vector<Run>& runs, const Names& workloads,
                        std::string_view tick_name) {
    std::string title(tick_name);
    title.front() = static_cast<char>(std::toupper(title.front()));
    std::string table = workload_table(title + " per context switch, in guest and monitor together",
                                       runs, workloads, ticks, true);
    if (table.empty() || tick_name != "instructions")
        return table;
    return table + "  The time in which a processor leaves the guest and enters it again is not in "
                   "them.\n\n";
}

} // namespace

std::string short_table(const std::vector<Run>& all_runs, const std::vector<std::string>& shown,
                        bool has_processors, const TableContext& context) {
    const std::vector<Run> runs = runs_alone(all_runs);
    const Names switching = names_of(runs, Unit::switches, shown);
    const Names operating = names_of(runs, Unit::operations, shown);
    return exits_table("VM exits per context switch", runs, switching) +
           saving_sentence(runs, switching, abi::Interface::native,
                           "One exit drains the whole ring.") +
           exits_table("VM exits per page-table operation", runs, operating) +
           saving_sentence(runs, operating, abi::Interface::eager,
                           "The ring holds 512 changes of entries.") +
           ticks_table(runs, switching, context.tick_name) +
           (has_processors ? processor_tables(all_runs, context.tick_name) : "") +
           fmt::format("Measured on {}, CPU {}, whose TSC counts {}.\n", context.machine,
                       context.cpu_model, context.tick_name);
}

} // namespace tool
