#include "tools/commands/bench_plan.h"
#include "tools/commands/benchmark_context.h"
#include "tools/commands/boot.h"
#include "tools/commands/commands.h"
#include "tools/commands/measured_boots.h"
#include "tools/host/failure.h"
#include "tools/host/output_file.h"
#include "tools/host/progress.h"
#include "tools/machine/memory_size.h"
#include "tools/results/benchmark_json.h"
#include "tools/results/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

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
    std::vector<Run> runs(boots.size());
    Progress progress;
    boot_in_parallel(boots.size(), [&](std::size_t index) {
        progress.say(
            fmt::format("measuring {} ({} of {})", name(boots[index]), index + 1, boots.size()));
        runs[index] = measure(machine, options, boots[index]);
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
    if (json) {
        const auto context = benchmark_context(machine, options, parts);
        json->write(benchmark_json(runs, context, tick_name(machine.kind)));
    }
    fmt::print("{}", results_table(runs, {.machine = std::string(name(machine.kind)),
                                          .cpu_model = machine.cpu_model,
                                          .tick_name = std::string(tick_name(machine.kind))}));
    return 0;
}

} // namespace tool
