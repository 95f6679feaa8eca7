#include "tools/commands/command_line.h"

#include "shared/console.h"
#include "tools/commands/boot_command_options.h"
#include "tools/commands/completion.h"
#include "tools/commands/help_texts.h"
#include "tools/host/failure.h"
#include "tools/host/standard_streams.h"
#include "tools/machine/bochs.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

void add_build(CLI::App& application, BuildOptions& options) {
    CLI::App* const command =
        application.add_subcommand("build", "build everything, or the targets given; run nothing");
    CLI::Option* const targets =
        command->add_option("TARGET", options.targets, "what to build (default: everything)");
    command->add_option("--jobs", options.jobs, "commands at a time (default: ninja decides)")
        ->check(CLI::Range(1U, 1024U));
    command->add_flag("--list", options.lists_targets, "print the targets and build nothing")
        ->excludes(targets);
    command->footer(std::string(help::build));
}

void add_test(CLI::App& application, TestOptions& options) {
    CLI::App* const command = application.add_subcommand("test", "run the tests");
    CLI::Option* const expressions =
        command->add_option("-R", options.regular_expressions,
                            "only tests whose name matches one of these regular expressions");
    command
        ->add_flag("--nested", options.nested,
                   "instead of the tests, run lazyhv nested under KVM, which runs in Bochs "
                   "(docs/nested.md)")
        ->excludes(expressions);
    command
        ->add_flag("--linux", options.linux_guest,
                   "instead of the tests, boot Debian's kernel as the guest on each profile, CPU "
                   "model and size of memory (docs/linux.md)")
        ->excludes(expressions);
}

void add_fuzz(CLI::App& application, FuzzOptions& options) {
    CLI::App* const command =
        application.add_subcommand("fuzz", "look for inputs that break the monitor's code");
    command->add_option("TARGET", options.targets, "targets to run (default: all)");
    command->add_option("--minutes", options.minutes, "for each target (default 10)")
        ->check(CLI::Range(1U, 100'000U));
    command->add_option("--jobs", options.jobs, "processes at a time (default 1)")
        ->check(CLI::Range(1U, 256U));
    command->add_option("--input", options.input,
                        "run one target with this input instead, and show everything it prints");
    command->footer(std::string(help::fuzz));
}

/// --cases, which is returned, and --minutes in its place.
template <typename Options>
CLI::Option* add_cases(CLI::App& command, Options& options, const char* description) {
    CLI::Option* const cases =
        command.add_option("--cases", options.cases, description)
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    command.add_option("--minutes", options.minutes, "run for so long instead")
        ->check(CLI::Range(1U, 100'000U))
        ->excludes(cases);
    return cases;
}

void add_fidelity(CLI::App& application, FidelityOptions& options) {
    CLI::App* const command = application.add_subcommand(
        "fidelity", "look for instructions that do something else under a profile than without");
    add_cases(*command, options, "random cases to run (default 1000)");
    command->add_option("--seed", options.seed, "of the random cases (default 1)");
    command->add_option("--first", options.first, "number of the first case (default 0)");
    command
        ->add_option("--profile", options.profiles,
                     "profiles, separated by commas (default: classic, hardened, modern)")
        ->delimiter(',');
    command
        ->add_option("--cpu,--cpu-model", options.cpu_models,
                     "Bochs's CPU models, separated by commas (default: one without EPT, for "
                     "classic, and two with it)")
        ->delimiter(',');
    command
        ->add_option("--cpus", options.cpus,
                     "processors of the machine, of which all but the first wait (default 1)")
        ->check(CLI::Range(1U, 8U));
    command->add_flag("--real-mode", options.real_mode,
                      "cases in real-address mode, on modern alone");
    command->add_option("--leave-out", options.left_out,
                        "kinds of instructions that no case may have, separated by commas");
    command->add_option("--without", options.without,
                        "features that no case may have, separated by commas, as the cases that "
                        "differ name them (with=)");
    command->footer(std::string(help::fidelity));
}

void add_longest_exit(CLI::App& application, LongestExitOptions& options) {
    CLI::App* const command = application.add_subcommand(
        "longest-exit", "look for the VM exit in which the monitor works longest");
    command->add_option("--profile", options.boot.profile,
                        "classic, hardened or modern (default classic)");
    CLI::Option* const cases = add_cases(*command, options, "cases to run (default 100)");
    command->add_option("--seconds", options.seconds, "the same, in seconds")
        ->check(CLI::Range(1U, 86400U))
        ->excludes(cases);
    command->add_option("--seed", options.seed, "of the random cases (default 1)");
    command
        ->add_option(
            "--bound", options.bound,
            fmt::format("monitor instructions that no exit may exceed (default {})", options.bound))
        ->check(CLI::PositiveNumber);
    command->add_option("--case", options.one_case, "repeat this case, as it was printed")
        ->excludes(cases);
    command->add_option("--cpu", options.boot.cpu_model,
                        fmt::format("Bochs's CPU model (default {})", default_cpu_model));
    command->add_option(
        "--memory", options.boot.memory,
        fmt::format("memory of the machine, 64M to 3G (default {})", options.boot.memory));
    command->add_option("--shadow-memory", options.boot.shadow_memory,
                        "profile classic only: memory for shadow page tables, for example 2M "
                        "(default: the monitor decides)");
    command->footer(std::string(help::longest_exit));
}

void add_completion(CLI::App& application, std::string& shell) {
    CLI::App* const command = application.add_subcommand(
        "completion", "print a script that completes this command line in a shell");
    command->add_option("SHELL", shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember(
            std::vector<std::string>(completed_shells.begin(), completed_shells.end())));
    command->footer(std::string(help::completion));
}

void add_compare(CLI::App& application, CompareOptions& options) {
    CLI::App* const command = application.add_subcommand(
        "compare", "say what changed between two results of bench; 1 if something got worse");
    command->add_option("OLD.json", options.old_file, "results that bench --json wrote")
        ->required();
    command->add_option("NEW.json", options.new_file, "results to compare with them")->required();
    command
        ->add_option("--tolerance", options.tolerances,
                     "how much worse a counter may get: 2%, or for some counters COUNTER=2%, where "
                     "* in COUNTER stands for any letters and \"any\" for any amount; may be given "
                     "more than once, and the last that fits counts (default 0%)")
        ->allow_extra_args(false);
    command->add_flag("--subset", options.may_lack_benchmarks,
                      "NEW.json may lack benchmarks of OLD.json");
    command->add_flag("--all", options.prints_all, "print every change, not only the largest");
    command->footer(std::string(help::compare));
}

void add_report(CLI::App& application, ReportOptions& options) {
    CLI::App* const command = application.add_subcommand(
        "report", "make one HTML page with pictures of the results of bench");
    command
        ->add_option("RESULTS.json", options.files,
                     "results that bench --json wrote; several are shown side by side")
        ->required();
    command->add_option("-o,--output", options.page, "the page to write (default report.html)");
    command->footer(std::string(help::report));
}

void set_up(CLI::App& application) {
    // Without a subcommand, parse_command_line prints a better message than CLI11 does.
    application.require_subcommand(0, 1);
    application.footer(std::string(help::general));
    application.set_help_flag("-h,--help", "print this help");
    application.failure_message([](const CLI::App* command, const CLI::Error& error) {
        return fmt::format("{}{}\nFor more, see `{} --help`\n", abi::error_prefix, error.what(),
                           command->get_parent() == nullptr ? "./lazyhv"
                                                            : "./lazyhv " + command->get_name());
    });
}

/// The words after "--" are the guest's; CLI11 would take them for more positional arguments.
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

void add_trace(CLI::App& application, TraceOptions& options) {
    CLI::App* const command = application.add_subcommand(
        "trace", "write down every VM exit of another command, which follows --");
    command->add_flag("--text", options.has_text,
                      "print a line for each exit, in the style of KVM's tracepoint");
    command->add_flag("--summary", options.has_summary,
                      "print tables as `perf kvm stat report` does (default)");
    command->add_option("--csv", options.csv_file, "write a line for each exit to this file");
    command->add_option("--json", options.json_file, "write an object for each exit to this file");
    command->add_option("--symbols", options.symbols,
                        "a System.map, or an ELF file, with the names of the guest's functions "
                        "(default: the guest's own)");
    command->footer(std::string(help::trace));
}

/// The options of each command, which CLI11 fills in.
struct AllOptions {
    BuildOptions build;
    BenchOptions bench;
    RunOptions run;
    LinuxOptions linux_guest;
    TestOptions test;
    FuzzOptions fuzz;
    FidelityOptions fidelity;
    LongestExitOptions longest_exit;
    TraceOptions trace;
    CompareOptions compare;
    ReportOptions report;
};

/// The options of the command that was given.
Request chosen(const CLI::App& application, const AllOptions& options) {
    const auto is_given = [&application](const char* name) {
        return application.got_subcommand(name);
    };
    if (is_given("build"))
        return options.build;
    if (is_given("bench"))
        return options.bench;
    if (is_given("run"))
        return options.run;
    if (is_given("linux"))
        return options.linux_guest;
    if (is_given("test"))
        return options.test;
    if (is_given("fuzz"))
        return options.fuzz;
    if (is_given("fidelity"))
        return options.fidelity;
    if (is_given("longest-exit"))
        return options.longest_exit;
    if (is_given("trace"))
        return options.trace;
    if (is_given("compare"))
        return options.compare;
    if (is_given("report"))
        return options.report;
    if (is_given("doctor"))
        return DoctorOptions{};
    say(fmt::format("{}name a command: build, bench, compare, report, run, linux, test, fuzz, "
                    "fidelity, longest-exit, trace or doctor; for more, see `./lazyhv --help`\n",
                    abi::error_prefix));
    return wrong_usage_status;
}

} // namespace

Request parse_command_line(int argument_count, char** arguments) {
    AllOptions options;
    const std::vector<std::string> guest_arguments = cut_guest_arguments(argument_count, arguments);
    options.run.boot.guest_arguments = guest_arguments;
    options.bench.boot.guest_arguments = guest_arguments;
    options.trace.command = guest_arguments;

    CLI::App application("lazyhv: a hypervisor for which a context switch costs one VM exit",
                         "./lazyhv");
    set_up(application);
    add_build(application, options.build);
    add_bench(application, options.bench);
    add_compare(application, options.compare);
    add_report(application, options.report);
    add_run(application, options.run);
    add_linux(application, options.linux_guest);
    add_test(application, options.test);
    add_fuzz(application, options.fuzz);
    add_fidelity(application, options.fidelity);
    add_longest_exit(application, options.longest_exit);
    add_trace(application, options.trace);
    application.add_subcommand("doctor", "print what this host has, and what it lacks");
    std::string shell;
    add_completion(application, shell);
    try {
        application.parse(argument_count, arguments);
    } catch (const CLI::ParseError& error) {
        return application.exit(error) == 0 ? 0 : wrong_usage_status;
    }
    if (!shell.empty()) {
        fmt::print("{}", completion_script(application, shell));
        return 0;
    }
    return chosen(application, options);
}

} // namespace tool
