// lazyhv: the developer's command.

#include "shared/console.h"
#include "tools/commands/command_line.h"
#include "tools/commands/commands.h"
#include "tools/host/failure.h"
#include "tools/host/interruption.h"

#include <fmt/format.h>

#include <cstdio>

namespace {

int perform(const tool::Request& request) {
    if (const auto* const build = std::get_if<tool::BuildOptions>(&request))
        return tool::build(*build);
    if (const auto* const run = std::get_if<tool::RunOptions>(&request))
        return tool::run(*run);
    if (const auto* const bench = std::get_if<tool::BenchOptions>(&request))
        return tool::bench(*bench);
    if (const auto* const linux_options = std::get_if<tool::LinuxOptions>(&request))
        return tool::boot_linux(*linux_options);
    if (const auto* const test = std::get_if<tool::TestOptions>(&request))
        tool::test(*test);
    if (const auto* const fuzz = std::get_if<tool::FuzzOptions>(&request))
        return tool::fuzz(*fuzz);
    if (const auto* const fidelity = std::get_if<tool::FidelityOptions>(&request))
        return tool::fidelity(*fidelity);
    if (const auto* const longest_exit = std::get_if<tool::LongestExitOptions>(&request))
        return tool::longest_exit(*longest_exit);
    if (const auto* const compare = std::get_if<tool::CompareOptions>(&request))
        return tool::compare(*compare);
    if (const auto* const report = std::get_if<tool::ReportOptions>(&request))
        return tool::report(*report);
    if (std::holds_alternative<tool::DoctorOptions>(request))
        return tool::doctor();
    return std::get<int>(request);
}

/// Prints what went wrong, and returns `status`.
int complain(const std::exception& failure, int status) {
    std::fflush(stdout);
    fmt::print(stderr, "{}{}\n", abi::error_prefix, failure.what());
    return status;
}

} // namespace

int main(int argument_count, char** arguments) {
    // As in a shell: 128 plus the number of the signal.
    constexpr int signal_status = 128;
    try {
        tool::catch_interruptions();
        return perform(tool::parse_command_line(argument_count, arguments));
    } catch (const tool::Interrupted& interrupted) {
        return signal_status + interrupted.signal_number();
    } catch (const tool::WrongUsage& mistake) {
        return complain(mistake, tool::wrong_usage_status);
    } catch (const std::exception& failure) {
        return complain(failure, 1);
    }
}
