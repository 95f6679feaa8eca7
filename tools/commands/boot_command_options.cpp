#include "tools/commands/boot_command_options.h"

#include "tools/commands/help_texts.h"
#include "tools/machine/bochs.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

/// Help texts in which the commands that boot a machine differ.
struct BootHelp {
    std::string_view cpus;
    std::string_view default_seconds;
};

void add_machine_options(CLI::App& command, BootOptions& options, const BootHelp& help) {
    command.add_option("--cpu", options.cpu_model,
                       fmt::format("Bochs's CPU model (default {})", default_cpu_model));
    command.add_option("--cpus", options.cpus, std::string(help.cpus))->check(CLI::Range(1U, 8U));
    command.add_option(
        "--memory", options.memory,
        fmt::format("memory of the machine, 64M to 3G (default {})", options.memory));
    command.add_option("--machine", options.machine,
                       "bochs or kvm (default: kvm if it gives guests VT-x, otherwise bochs)");
    command
        .add_option("--time-limit", options.time_limit_seconds,
                    fmt::format("for one boot, in seconds (default {})", help.default_seconds))
        ->check(CLI::Range(1U, 86400U));
}

void add_boot_options(CLI::App& command, BootOptions& options, const BootHelp& help) {
    command.add_option("--profile", options.profile,
                       "what the monitor owns: bare, classic, hardened, modern");
    command.add_option("--interface", options.interface,
                       "how the guest asks for privileged operations: native, eager, lazy");
    add_machine_options(command, options, help);
    command.add_option("--shadow-memory", options.shadow_memory,
                       "profile classic only: memory for shadow page tables, for example 2M "
                       "(default: the monitor decides)");
}

} // namespace

void add_bench(CLI::App& application, BenchOptions& options) {
    CLI::App* const command = application.add_subcommand(
        "bench", "measure the VM exits of context switches and page-table operations");
    add_boot_options(*command, options.boot,
                     {.cpus = "processors of the machines on which several processors are "
                              "measured, 1 to 8 (default 8); 1: measure on one processor only",
                      .default_seconds = "300"});
    CLI::Option* const workloads = command->add_option(
        "--workload", options.workloads,
        "names, separated by commas, for example full,pagetable/map/512 (default: those that say "
        "most); shootdown/... is measured on several processors, the others too if --cpus is "
        "given");
    CLI::Option* const all = command
                                 ->add_flag("--all", options.measures_all,
                                            "measure every workload, and several processors too")
                                 ->excludes(workloads);
    CLI::Option* const details =
        command
            ->add_option("--details", options.workloads,
                         "also print what each exit was, of these workloads or of all that are "
                         "measured")
            ->type_name("[TEXT]")
            ->expected(0, 1)
            ->excludes(workloads);
    command->parse_complete_callback([&options, details, all] {
        options.prints_details = details->count() != 0;
        if (options.measures_all && !options.workloads.empty())
            throw CLI::ExcludesError(all->get_name(), "--details WORKLOAD");
    });
    command
        ->add_option("--switches", options.switches,
                     "context switches in each workload that switches; also operations in each "
                     "workload on single page-table entries (default 1000)")
        ->check(CLI::Range(1U, 100'000'000U));
    command->add_option("--json", options.json_file,
                        "also write the results to this file, as Google Benchmark JSON");
    command->add_option("GUEST.elf", options.boot.guest,
                        "guest image (default: lazyhv's own); its arguments follow --");
    command->footer(std::string(help::bench));
}

void add_run(CLI::App& application, RunOptions& options) {
    CLI::App* const command =
        application.add_subcommand("run", "boot a guest, with its console on the terminal");
    add_boot_options(
        *command, options.boot,
        {.cpus = "processors of the machine, 1 to 8 (default 1)", .default_seconds = "120"});
    command->add_option("--emulator-log", options.emulator_log,
                        "keep the emulator's log in this file");
    command->add_option("--image", options.image_file,
                        "write the boot image to this file and boot nothing");
    command->add_option("--module", options.module_file,
                        "a file that a Multiboot kernel is given as its module");
    command
        ->add_option("--protect", options.protect,
                     "profiles classic and hardened: whether the monitor owns the descriptor "
                     "tables, the TSS and CR0.TS (default on); off is for kernels that were not "
                     "written for lazyhv, and for 32-bit kernels")
        ->check(CLI::IsMember({"on", "off"}));
    command->add_flag("--log-exits", options.log_exits,
                      "Bochs only: the emulator's log names each VM exit (with --emulator-log)");
    command->add_flag("--checked", options.checked,
                      "profile classic only: a monitor that compares its shadow page tables with "
                      "the guest's after every VM exit");
    command->add_flag("--verbose", options.verbose,
                      "also show the lines of the console that are for programs (@...)");
    command
        ->add_option("GUEST.elf", options.boot.guest,
                     "guest kernel, an ELF file or a Multiboot kernel; its arguments "
                     "follow --")
        ->required();
    command->footer(std::string(help::run));
}

void add_linux(CLI::App& application, LinuxOptions& options) {
    CLI::App* const command =
        application.add_subcommand("linux", "boot Debian's kernel as the guest");
    options.boot.memory = "512M";
    options.boot.interface = "native";
    command->add_option("--profile", options.boot.profile,
                        "what the monitor owns: classic, hardened, modern (default modern)");
    command->add_option("--interface", options.boot.interface,
                        "native; eager or lazy for a 32-bit kernel with VMI (default native)");
    add_machine_options(
        *command, options.boot,
        {.cpus = "processors of the machine, 1 to 8 (default 1)", .default_seconds = "600"});
    command->add_option("--kernel", options.kernel,
                        "a bzImage (default: Debian's, from its package)");
    command->add_option("--initrd", options.initrd,
                        "the first file system (default: one with busybox and our programs)");
    command->add_option("--append", options.append, "more words for the kernel's command line");
    command->add_option("--run", options.programs,
                        "programs to run instead of a shell, separated by commas");
    command->add_flag("--verbose", options.verbose,
                      "also show the lines of the console that are for programs (@...)");
    command->add_flag("--pti", options.has_page_table_isolation,
                      "the kernel isolates its page tables from user programs");
    command->add_flag("--protect", options.protects_descriptors,
                      "profiles classic and hardened: the monitor owns the descriptor tables, as "
                      "it does for other guests");
    command->add_flag("--bench", options.is_benchmark,
                      "measure pingpong and fork on each profile, or on the one given");
    command->add_option("--json", options.json_file,
                        "with --bench: also write Google Benchmark JSON to this file");
    command->footer(std::string(help::linux_guest));
}

} // namespace tool
