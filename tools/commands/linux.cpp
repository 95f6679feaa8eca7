#include "tools/commands/bench_plan.h"
#include "tools/commands/benchmark_context.h"
#include "tools/commands/boot.h"
#include "tools/commands/commands.h"
#include "tools/commands/linux_image.h"
#include "tools/commands/measured_boots.h"
#include "tools/commands/profiles.h"
#include "tools/console/user_terminal.h"
#include "tools/host/failure.h"
#include "tools/host/output_file.h"
#include "tools/host/progress.h"
#include "tools/host/temporary_folder.h"
#include "tools/machine/emulation.h"
#include "tools/results/benchmark_json.h"
#include "tools/results/linux_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace tool {
namespace {

constexpr std::chrono::seconds default_time_limit{600};

abi::Profile profile_of(const LinuxOptions& options) {
    return parse_profile(options.boot.profile.empty() ? abi::name(abi::Profile::modern)
                                                      : options.boot.profile);
}

void check(const LinuxOptions& options) {
    if (!options.json_file.empty() && !options.is_benchmark)
        throw Failure("--json needs --bench: it writes the results of the benchmark");
    if (options.is_benchmark && (options.has_page_table_isolation || !options.programs.empty()))
        throw Failure("--bench chooses --pti and --run itself: leave them out");
    if (options.boot.profile == abi::name(abi::Profile::bare))
        throw Failure("only the monitor boots Linux: give --profile classic, hardened or modern");
    const bool has_rom = parse_interface(options.boot.interface) != abi::Interface::native;
    if (has_rom && options.is_benchmark)
        throw Failure("--bench is for kernels that know nothing of the ROM: leave --interface out");
    if (has_rom && options.protects_descriptors)
        throw Failure("--protect is for 64-bit kernels, and those of Linux do not know the ROM: "
                      "leave --protect or --interface out");
}

/// Shows the console and, until the kernel prints something, how long the boot has taken.
class Screen {
  public:
    explicit Screen(bool verbose) : verbose_{verbose} {}

    void show(ConsoleReader::Kind kind, std::string_view text) {
        if (kind == ConsoleReader::Kind::program && !verbose_)
            return;
        if (kind == ConsoleReader::Kind::monitor) // prints before the kernel does
            progress_.clear();
        else
            progress_.stop();
        show_console(kind, text, verbose_);
    }

  private:
    bool verbose_;
    BootProgress progress_;
};

// guest/linux_programs/init.sh prints this line first. The run also ends with status 0 if the
// kernel resets the machine before init runs.
bool has_run_init(const ConsoleReader& reader) {
    const auto& lines = reader.context_lines();
    return std::any_of(lines.begin(), lines.end(),
                       [](const std::string& line) { return line.starts_with("kernel="); });
}

constexpr std::string_view measured_programs = "pingpong,fork";
/// Context switches in our own kernel. Linux's programs have their own numbers
/// (guest/linux_programs/).
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

/// Measures Linux next to lazyhv's own kernel, prints a table and, where the options name a file,
/// writes JSON. Returns 0. Throws Failure and Interrupted.
int linux_bench(const LinuxOptions& options, const Machine& machine) {
    const std::vector<LinuxBoot> boots = choose_linux_boots(options.boot.profile);
    std::optional<OutputFile> json;
    if (!options.json_file.empty())
        json.emplace(options.json_file, "the results");
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
    if (json)
        json->write(benchmark_json(runs, json_context(options, machine), ticks));
    fmt::print("{}", linux_table(runs, {.machine = std::string(name(machine.kind)),
                                        .cpu_model = machine.cpu_model,
                                        .tick_name = std::string(ticks)}));
    return 0;
}

} // namespace

int boot_linux(const LinuxOptions& options) {
    check(options);
    const abi::Profile profile = profile_of(options);
    const std::vector<std::string> words =
        kernel_words({.has_page_table_isolation = options.has_page_table_isolation,
                      .programs = options.programs,
                      .append = options.append});
    const Machine machine = choose_machine(options.boot, default_time_limit);
    if (options.is_benchmark)
        return linux_bench(options, machine);
    const TemporaryFolder folder;
    LinuxFiles files;
    {
        Progress progress;
        files = choose_linux_files(options, folder.path(), progress);
    }
    const BootImage image = linux_image(options, files, profile, words);
    const RawTerminal terminal;
    Screen screen{options.verbose};
    ConsoleReader reader(
        [&screen](ConsoleReader::Kind kind, std::string_view text) { screen.show(kind, text); });
    const int status = emulate(machine, image, reader, true);
    if (status == 0 && options.initrd.empty() && !has_run_init(reader))
        throw Failure("the kernel reset the machine before its first process ran");
    return status;
}

} // namespace tool
