#include "tools/commands/linux_bench.h"

#include "tools/commands/benchmark_context.h"
#include "tools/commands/boot.h"
#include "tools/commands/linux_boots.h"
#include "tools/commands/linux_image.h"
#include "tools/commands/measured_boot.h"
#include "tools/commands/parallel_boots.h"
#include "tools/host/failure.h"
#include "tools/host/temporary_folder.h"
#include "tools/linux/kernel_words.h"
#include "tools/results/benchmark_json.h"
#include "tools/results/linux_table.h"
#include "tools/results/result_file.h"

#include <fmt/format.h>

#include <cstdio>

namespace tool {
namespace {

constexpr std::string_view measured_programs = "pingpong,fork";
/// Of our own kernel; Linux's programs have numbers of their own (guest/linux_programs/).
constexpr std::uint32_t own_switches = 2000;

BootImage image_of(const LinuxBoot& boot, const LinuxOptions& options, const LinuxFiles& files) {
    if (boot.is_linux) {
        return linux_image(options, files, boot.profile,
                           kernel_words({.has_page_table_isolation = boot.has_page_table_isolation,
                                         .programs = std::string(measured_programs),
                                         .append = options.append}));
    }
    BootOptions own = options.boot;
    own.guest_arguments = {fmt::format("switches={}", own_switches), "workload=pingpong"};
    return choose_image(own, monitor_options(own, boot.profile, boot.interface),
                        MonitorBuild::plain);
}

std::map<std::string, std::string> json_context(const LinuxOptions& options,
                                                const Machine& machine) {
    BenchOptions bench;
    bench.boot = options.boot;
    bench.switches = own_switches;
    std::map<std::string, std::string> context =
        benchmark_context(machine, bench, {{.cpus = machine.cpus, .guest_words = {}}});
    context["protect"] = fmt::format("{:d}", options.protects_descriptors);
    if (!options.append.empty())
        context["append"] = options.append;
    return context;
}

} // namespace

int linux_bench(const LinuxOptions& options, const Machine& machine) {
    const std::vector<LinuxBoot> boots = choose_linux_boots(options.boot.profile);
    if (!options.json_file.empty())
        require_result_folder(options.json_file);
    if (machine.cpus != 1)
        throw Failure("--bench measures on one processor: leave --cpus out");
    const TemporaryFolder folder;
    std::vector<Run> runs(boots.size());
    {
        Progress progress;
        const LinuxFiles files = choose_linux_files(options, folder.path(), progress);
        boot_in_parallel(boots.size(), [&](std::size_t index) {
            const LinuxBoot& boot = boots[index];
            progress.say(
                fmt::format("measuring {} ({} of {})", name(boot), index + 1, boots.size()));
            runs[index] = measured_boot(machine, image_of(boot, options, files), name(boot));
            runs[index].has_page_table_isolation = boot.has_page_table_isolation;
        });
    }
    const std::string_view ticks = tick_name(machine.kind);
    fmt::print("{}", linux_table(runs, {.machine = std::string(name(machine.kind)),
                                        .cpu_model = machine.cpu_model,
                                        .tick_name = std::string(ticks)}));
    if (!options.json_file.empty())
        write_result_file(options.json_file,
                          benchmark_json(runs, json_context(options, machine), ticks));
    if (std::fflush(stdout) != 0)
        throw Failure("cannot write the table to standard output");
    return 0;
}

} // namespace tool
