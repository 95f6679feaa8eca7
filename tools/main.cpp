// lazyhv: the developer's command.

#include "shared/console.h"
#include "tools/commands/command_line.h"
#include "tools/commands/commands.h"
#include "tools/host/failure.h"
#include "tools/host/interruption.h"
#include "tools/host/standard_streams.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <system_error>

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
        return tool::test(*test);
    if (const auto* const fuzz = std::get_if<tool::FuzzOptions>(&request))
        return tool::fuzz(*fuzz);
    if (const auto* const fidelity = std::get_if<tool::FidelityOptions>(&request))
        return tool::fidelity(*fidelity);
    if (const auto* const longest_exit = std::get_if<tool::LongestExitOptions>(&request))
        return tool::longest_exit(*longest_exit);
    if (const auto* const trace = std::get_if<tool::TraceOptions>(&request))
        return tool::trace(*trace);
    if (const auto* const compare = std::get_if<tool::CompareOptions>(&request))
        return tool::compare(*compare);
    if (const auto* const report = std::get_if<tool::ReportOptions>(&request))
        return tool::report(*report);
    if (std::holds_alternative<tool::DoctorOptions>(request))
        return tool::doctor();
    return std::get<int>(request);
}

/// What to tell the user. fmt says only "file" of an output that it cannot write to.
std::string text(const std::exception& failure) {
    const auto* const error = dynamic_cast<const std::system_error*>(&failure);
    if (error == nullptr || std::ferror(stdout) == 0)
        return failure.what();
    return "cannot write to standard output: " + error->code().message();
}

/// Says what went wrong, and returns `status`.
int complain(const std::exception& failure, int status) {
    std::fflush(stdout);
    tool::say(fmt::format("{}{}\n", abi::error_prefix, text(failure)));
    return status;
}

} // namespace

int main(int argument_count, char** arguments) {
    // As in a shell: 128 plus the number of the signal.
    constexpr int signal_status = 128;
    tool::reserve_standard_streams();
    try {
        tool::catch_interruptions();
        const int status = perform(tool::parse_command_line(argument_count, arguments));
        tool::require_output_written();
        return status;
    } catch (const tool::Interrupted& interrupted) {
        return signal_status + interrupted.signal_number();
    } catch (const tool::WrongUsage& mistake) {
        return complain(mistake, tool::wrong_usage_status);
    } catch (const std::exception& failure) {
        return complain(failure, 1);
    }
}
