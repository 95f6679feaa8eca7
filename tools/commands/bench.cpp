#include "tools/commands/bench_plan.h"
#include "tools/commands/benchmark_context.h"
#include "tools/commands/boot.h"
#include "tools/commands/commands.h"
#include "tools/commands/measured_boots.h"
#include "tools/host/build_folder.h"
#include "tools/host/failure.h"
#include "tools/host/output_file.h"
#include "tools/host/progress_bar.h"
#include "tools/host/standard_streams.h"
#include "tools/machine/memory_size.h"
#include "tools/results/benchmark_json.h"
#include "tools/results/short_table.h"
#include "tools/results/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

namespace tool {
namespace {

constexpr std::chrono::seconds default_time_limit{300};

/// One boot of the guest.
struct Boot {
    Combination combination;
    const BenchPart& part;
};

/// "classic/lazy", "classic/lazy on 8 processors".
std::string name(const Boot& boot) {
    return fmt::format("{}/{}{}", abi::name(boot.combination.profile),
                       abi::name(boot.combination.interface),
                       boot.part.cpus == 1 ? "" : fmt::format(" on {} processors", boot.part.cpus));
}

/// Throws Failure when the guest fails or does not measure on the processors that it was given.
Run measure(Machine machine, BootOptions options, const Boot& boot) {
    machine.cpus = boot.part.cpus;
    machine.run_name = name(boot);
    options.guest_arguments.insert(options.guest_arguments.begin(), boot.part.guest_words.begin(),
                                   boot.part.guest_words.end());
    const MonitorOptions monitor =
        monitor_options(options, boot.combination.profile, boot.combination.interface);
    Run run =
        measured_boot(machine, choose_image(options, monitor, MonitorBuild::plain), name(boot));
    if (std::any_of(run.results.begin(), run.results.end(),
                    [&run](const Result& result) { return (result.cpus == 1) != (run.cpus == 1); }))
        throw Failure(name(boot) + ": the guest did not measure on the processors that its "
                                   "argument processors= names");
    return run;
}

/// Boots some of them at the same time. The results are in the order of `boots`.
std::vector<Run> measure_all(const Machine& machine, const BootOptions& options,
                             const std::vector<Boot>& boots) {
    // A processor that takes part is emulated too.
    const auto size = [](const Boot& boot) { return static_cast<double>(boot.part.cpus); };
    double total = 0;
    for (const Boot& boot : boots)
        total += size(boot);
    std::vector<Run> runs(boots.size());
    ProgressBar progress{total};
    boot_in_parallel(boots.size(), [&](std::size_t index) {
        const std::string step = "measuring " + name(boots[index]);
        progress.begin(step, index + 1, boots.size());
        runs[index] = measure(machine, options, boots[index]);
        progress.end(step, size(boots[index]));
    });
    return runs;
}

std::vector<Boot> boots_of(const std::vector<BenchPart>& parts,
                           const std::vector<Combination>& combinations) {
    std::vector<Boot> boots;
    for (const BenchPart& part : parts)
        for (const Combination& combination : combinations)
            boots.push_back({combination, part});
    return boots;
}

/// Checks --shadow-memory before anything is booted. Throws Failure.
void check_shadow_memory(const std::string& size, const std::vector<Combination>& combinations) {
    const bool has_classic =
        std::any_of(combinations.begin(), combinations.end(), [](const Combination& combination) {
            return combination.profile == abi::Profile::classic;
        });
    if (!has_classic)
        throw Failure("--shadow-memory is for profile classic, which is not among those measured");
    parse_shadow_memory_size(size);
}

namespace fs = std::filesystem;

/// Where the results are written without --json.
fs::path own_result_file() { return build_folder() / "results" / "bench.json"; }

/// A path as a person would type it here.
std::string shown_path(const fs::path& path) {
    std::error_code error;
    const fs::path relative = fs::relative(path, fs::current_path(error), error);
    return error || relative.empty() || *relative.begin() == ".." ? path.string()
                                                                  : relative.string();
}

/// Writes all figures to the file in the build folder. If that is impossible, says so and returns
/// false: the table is what was asked for.
bool write_own_results(const fs::path& file, const std::string& results) {
    try {
        fs::create_directories(file.parent_path());
        OutputFile(file, "the results").write(results);
        return true;
    } catch (const std::exception& failure) {
        say(fmt::format("lazyhv: {}\n", failure.what()));
        return false;
    }
}

/// Which file has all figures, and which commands print more of them.
std::string where_the_rest_is(const BenchOptions& options, const fs::path& file) {
    std::string text;
    if (!file.empty())
        text += fmt::format("\nAll figures, as Google Benchmark JSON: {}\n", shown_path(file));
    if (!options.prints_details)
        text += "What each exit was:  ./lazyhv bench --details [WORKLOAD]\n";
    if (!options.measures_all && options.boot.guest.empty())
        text += "Every workload, also on 2, 4 and 8 processors:  ./lazyhv bench --all\n";
    return text;
}

std::string tables(const BenchOptions& options, const std::vector<Run>& runs,
                   const TableContext& context) {
    if (options.prints_details)
        return results_table(runs, context);
    return options.measures_all ? short_table(runs, chief_workloads(), false, context)
                                : short_table(runs, {}, true, context);
}

} // namespace

int bench(const BenchOptions& options) {
    const std::vector<Combination> combinations =
        choose_combinations(options.boot.profile, options.boot.interface);
    if (!options.boot.shadow_memory.empty())
        check_shadow_memory(options.boot.shadow_memory, combinations);
    const std::vector<BenchPart> parts = choose_bench_parts(options);
    BootOptions boot = options.boot;
    boot.cpus = parts.front().cpus; // for the line that announces the machine
    std::optional<OutputFile> json;
    if (!options.json_file.empty())
        json.emplace(options.json_file, "the results");
    if (!boot.guest.empty())
        require_readable_guest(boot.guest);
    const Machine machine = choose_machine(boot, default_time_limit);
    const std::vector<Run> runs = measure_all(machine, boot, boots_of(parts, combinations));
    const std::string results =
        benchmark_json(runs, benchmark_context(machine, options, parts), tick_name(machine.kind));
    const fs::path file = json ? fs::path(options.json_file) : own_result_file();
    const bool is_written = json ? (json->write(results), true) : write_own_results(file, results);
    fmt::print("{}{}",
               tables(options, runs,
                      {.machine = std::string(name(machine.kind)),
                       .cpu_model = machine.cpu_model,
                       .tick_name = std::string(tick_name(machine.kind))}),
               where_the_rest_is(options, is_written ? file : fs::path()));
    return 0;
}

} // namespace tool
