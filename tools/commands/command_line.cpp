#include "tools/commands/command_line.h"

#include "shared/console.h"
#include "tools/machine/cpu_models.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

constexpr std::string_view general_examples = R"(
Examples:
  ./lazyhv bench                                    the whole table
  ./lazyhv run build/guest/guest.elf -- test        the guest kernel's self-tests
  ./lazyhv linux                                    Debian's kernel, with a shell
  ./lazyhv test                                     every test
  ./lazyhv fuzz                                     looks for inputs that break the monitor
  ./lazyhv doctor                                   what this host has
)";

constexpr std::string_view run_examples = R"(
Boots one guest image on the monitor, its console on the terminal, until the guest ends the run.
The exit status is the guest's: 0 only for success.

Examples:
  ./lazyhv run build/guest/guest.elf -- test
  ./lazyhv run --profile modern --interface native build/guest/guest.elf -- workload=full
  ./lazyhv run --cpus 4 build/guest/guest.elf -- test
  ./lazyhv run --profile classic --checked --shadow-memory 512K build/guest/guest.elf -- test
  ./lazyhv run --image lazyhv.iso build/guest/guest.elf -- test
  ./lazyhv run --cpu corei7_skylake_x --memory 1G --emulator-log bochs.log my-kernel.elf -- debug
)";

constexpr std::string_view bench_examples = R"(
Boots the guest once for each profile and interface, measures context switches and operations on
page tables, and prints VM exits for each, what they were and what they cost. Without --profile and
--interface: the bare machine (native), classic, hardened and modern (native, eager, lazy).

Then it boots each once more, on a machine of --cpus processors, and measures some of the workloads
on 2, 4, 8 of them at the same time, and shoot-downs of translations (shootdown/...). With --workload
only names that begin with shootdown/ are measured so; with --cpus all names that can be. A guest of
your own is measured so with --cpus alone: it is told processors=2,4,8, and cpus=N must be in its
result lines.

Examples:
  ./lazyhv bench
  ./lazyhv bench --profile hardened --workload full,pingpong
  ./lazyhv bench --profile classic --workload pagetable/map/512,pagetable/protect/512
  ./lazyhv bench --profile classic --cpu core2_penryn_t9600      a processor without EPT
  ./lazyhv bench --interface lazy --switches 100 --json results.json
  ./lazyhv bench --cpus 1                                        one processor alone
  ./lazyhv bench --workload full,pingpong --cpus 4               on 1, and on 2 and 4 of 4
  ./lazyhv bench --workload shootdown/unmap/8                    on 2, 4 and 8
  ./lazyhv run build/guest/guest.elf -- workload=list     names the workloads
)";

constexpr std::string_view linux_examples = R"(
Boots Debian's stock kernel on the monitor, with a small file system of busybox and a few test
programs (guest/linux_programs/), its console on the terminal. Without --run that is a shell; `exit`
ends the run. Kernel and busybox are downloaded with apt-get once, and kept in build/linux. The exit status is
0 only when all that --run names has succeeded.

Programs: compile, exec, fork, fpu, hackbench, memory, pingpong, signals; each says what it does with
--help.

With --bench it boots once for each profile, and again with --pti for modern and classic, runs
pingpong and fork, and prints VM exits for each context switch and each fork beside those of lazyhv's
own kernel. JSON names are linux/PROGRAM/PROFILE, with /pti behind it where that is on.

Examples:
  ./lazyhv linux
  ./lazyhv linux --profile classic --run pingpong,fork,memory
  ./lazyhv linux --profile hardened --protect --pti --run signals
  ./lazyhv linux --kernel /boot/vmlinuz --append "loglevel=7 nosmp"
  ./lazyhv linux --bench --json results.json
)";

constexpr std::string_view fuzz_examples = R"(
Runs the monitor's code on the host with inputs that libFuzzer makes up, one target after the other.
Inputs that reach new code are kept in build/fuzz/corpus/TARGET, and are where the next run begins.
The first input that crashes a target ends it all, with status 1, and stays in
build/fuzz/artifacts/TARGET. Ctrl-C ends a run; what was found is kept.

Targets: descriptors, drain, exits, hypercall, instruction, rom_probe (docs/fuzzing.md).

Examples:
  ./lazyhv fuzz                                     each target for ten minutes
  ./lazyhv fuzz hypercall exits --minutes 60 --jobs 4
  ./lazyhv fuzz drain --input build/fuzz/artifacts/drain/crash-0123abcd
)";

/// What --help says where the commands that boot differ.
struct BootHelp {
    std::string_view cpus;
    std::string_view default_seconds;
};

void add_machine_options(CLI::App& command, BootOptions& options, const BootHelp& help) {
    command.add_option("--cpu", options.cpu_model,
                       fmt::format("Bochs's CPU model (default {})", default_cpu_model));
    command.add_option("--cpus", options.cpus, std::string(help.cpus))->check(CLI::Range(1U, 8U));
    command.add_option("--memory", options.memory,
                       fmt::format("of the machine, 64M to 3G (default {})", options.memory));
    command.add_option("--machine", options.machine,
                       "bochs or kvm (default: kvm where it gives a guest VT-x, else bochs)");
    command
        .add_option("--time-limit", options.time_limit_seconds,
                    fmt::format("of one boot in seconds (default {})", help.default_seconds))
        ->check(CLI::Range(1U, 86400U));
}

void add_boot_options(CLI::App& command, BootOptions& options, const BootHelp& help) {
    command.add_option("--profile", options.profile,
                       "what the monitor owns: bare, classic, hardened, modern");
    command.add_option("--interface", options.interface, "how the guest asks: native, eager, lazy");
    add_machine_options(command, options, help);
    command.add_option("--shadow-memory", options.shadow_memory,
                       "profile classic only: for shadow page tables, for example 2M (default: as "
                       "the monitor decides)");
}

void add_linux_options(CLI::App& command, LinuxOptions& options) {
    options.boot.memory = "512M";
    command.add_option("--profile", options.boot.profile,
                       "what the monitor owns: classic, hardened, modern (default modern)");
    add_machine_options(
        command, options.boot,
        {.cpus = "processors of the machine, 1 to 8 (default 1)", .default_seconds = "600"});
    command.add_option("--kernel", options.kernel,
                       "a bzImage (default: Debian's, from its package)");
    command.add_option("--initrd", options.initrd,
                       "the first file system (default: one with busybox and our programs)");
    command.add_option("--append", options.append, "more words for the kernel's command line");
    command.add_option("--run", options.programs,
                       "programs, with commas between, to run instead of a shell");
    command.add_flag("--verbose", options.verbose,
                     "also show the console's lines for programs (@...)");
    command.add_flag("--pti", options.has_page_table_isolation,
                     "the kernel isolates its page tables from user programs");
    command.add_flag("--protect", options.protects_descriptors,
                     "profiles classic and hardened: the monitor owns the descriptor tables, as it "
                     "does for other guests");
    command.add_flag("--bench", options.is_benchmark,
                     "measure pingpong and fork on each profile, or the one given");
    command.add_option("--json", options.json_file,
                       "with --bench: also write Google Benchmark JSON here");
    command.footer(std::string(linux_examples));
}

/// Exit status for a command line that is wrong.
constexpr int wrong_usage = 2;

void set_up(CLI::App& application) {
    application.require_subcommand(0, 1); // none at all is answered below, and better
    application.footer(std::string(general_examples));
    application.set_help_flag("-h,--help", "prints this help");
    application.failure_message([](const CLI::App* command, const CLI::Error& error) {
        return fmt::format("{}{}\n`{} --help` says more\n", abi::error_prefix, error.what(),
                           command->get_parent() == nullptr ? "./lazyhv"
                                                            : "./lazyhv " + command->get_name());
    });
}

/// Words behind "--" are the guest's; CLI11 would take them for more positional arguments.
std::vector<std::string> cut_guest_arguments(int& argument_count, char** arguments) {
    std::vector<std::string> cut;
    for (int index = 1; index < argument_count; ++index) {
        if (std::string_view(arguments[index]) == "--") {
            cut.assign(arguments + index + 1, arguments + argument_count);
            argument_count = index;
        }
    }
    return cut;
}

} // namespace

Request parse_command_line(int argument_count, char** arguments) {
    RunOptions run_options;
    BenchOptions bench_options;
    TestOptions test_options;
    FuzzOptions fuzz_options;
    LinuxOptions linux_options;
    const std::vector<std::string> guest_arguments = cut_guest_arguments(argument_count, arguments);
    run_options.boot.guest_arguments = guest_arguments;
    bench_options.boot.guest_arguments = guest_arguments;

    CLI::App application("lazyhv: a hypervisor for which a context switch costs one VM exit",
                         "./lazyhv");
    set_up(application);

    CLI::App* const bench = application.add_subcommand(
        "bench", "measure VM exits of context switches and page-table operations");
    add_boot_options(*bench, bench_options.boot,
                     {.cpus = "processors of the machines behind those of one processor, 1 to 8 "
                              "(default 8); 1: measure on one processor alone",
                      .default_seconds = "300"});
    bench->add_option("--workload", bench_options.workloads,
                      "names, with commas between, for example full,pagetable/map/512 "
                      "(default: all); shootdown/... is measured on several processors, others "
                      "there too if --cpus is given");
    bench
        ->add_option("--switches", bench_options.switches,
                     "of each workload of switches; also operations on single page-table "
                     "entries (default 1000)")
        ->check(CLI::Range(1U, 100'000'000U));
    bench->add_option("--json", bench_options.json_file, "also write Google Benchmark JSON here");
    bench->add_option("GUEST.elf", bench_options.boot.guest,
                      "guest image (default: lazyhv's own); its arguments behind --");
    bench->footer(std::string(bench_examples));

    CLI::App* const run =
        application.add_subcommand("run", "boot a guest, its console on the terminal");
    add_boot_options(
        *run, run_options.boot,
        {.cpus = "processors of the machine, 1 to 8 (default 1)", .default_seconds = "120"});
    run->add_option("--emulator-log", run_options.emulator_log, "keep the emulator's log here");
    run->add_option("--image", run_options.image_file,
                    "write the image that would be booted here, and boot nothing");
    run->add_flag("--log-exits", run_options.log_exits,
                  "Bochs only: the emulator's log names each VM exit (with --emulator-log)");
    run->add_flag("--checked", run_options.checked,
                  "profile classic only: a monitor that compares its shadow page tables with the "
                  "guest's after every VM exit");
    run->add_flag("--verbose", run_options.verbose,
                  "also show the console's lines for programs (@...)");
    run->add_option("GUEST.elf", run_options.boot.guest, "guest image; its arguments behind --")
        ->required();
    run->footer(std::string(run_examples));

    CLI::App* const linux_command =
        application.add_subcommand("linux", "boot Debian's kernel as the guest");
    add_linux_options(*linux_command, linux_options);

    CLI::App* const test = application.add_subcommand("test", "run the tests");
    CLI::Option* const expressions =
        test->add_option("-R", test_options.regular_expressions,
                         "only tests whose name matches one of these regular expressions");
    test->add_flag("--nested", test_options.nested,
                   "instead of them, lazyhv nested under KVM, which runs in Bochs (docs/nested.md)")
        ->excludes(expressions);
    test->add_flag("--linux", test_options.linux_guest,
                   "instead of them, Debian's kernel as the guest, on each profile, CPU model and "
                   "size of memory (docs/linux.md)")
        ->excludes(expressions);

    CLI::App* const fuzz =
        application.add_subcommand("fuzz", "look for inputs that break the monitor's code");
    fuzz->add_option("TARGET", fuzz_options.targets, "targets to run (default: all)");
    fuzz->add_option("--minutes", fuzz_options.minutes, "for each target (default 10)")
        ->check(CLI::Range(1U, 100'000U));
    fuzz->add_option("--jobs", fuzz_options.jobs, "processes at a time (default 1)")
        ->check(CLI::Range(1U, 256U));
    fuzz->add_option("--input", fuzz_options.input,
                     "run one target with this input instead, and show all it says");
    fuzz->footer(std::string(fuzz_examples));

    CLI::App* const doctor =
        application.add_subcommand("doctor", "what this host has, and what it lacks");

    try {
        application.parse(argument_count, arguments);
    } catch (const CLI::ParseError& error) {
        return application.exit(error) == 0 ? 0 : wrong_usage;
    }
    if (run->parsed())
        return run_options;
    if (bench->parsed())
        return bench_options;
    if (linux_command->parsed())
        return linux_options;
    if (test->parsed())
        return test_options;
    if (fuzz->parsed())
        return fuzz_options;
    if (doctor->parsed())
        return DoctorOptions{};
    fmt::print(
        stderr,
        "{}say what to do: bench, run, linux, test, fuzz or doctor; `./lazyhv --help` says more\n",
        abi::error_prefix);
    return wrong_usage;
}

} // namespace tool
