#include "tools/commands/commands.h"
#include "tools/commands/fuzz_target.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/host/standard_streams.h"

#include <fmt/format.h>

#include <iterator>
#include <unistd.h>

namespace tool {
namespace {

constexpr int crash_status = 1;

std::size_t files_in(const std::filesystem::path& folder) {
    std::error_code error;
    const std::filesystem::directory_iterator files(folder, error);
    return error ? 0 : static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

void say_new_inputs(const FuzzTarget& target, std::size_t before) {
    const std::size_t found = files_in(target.corpus) - before;
    fmt::print("{}: {} new input{} in {}\n", target.name, found, found == 1 ? "" : "s",
               target.corpus.string());
}

/// Runs one input and shows everything that the target prints.
int run_input(const FuzzTarget& target, const std::string& input) {
    if (access(input.c_str(), R_OK) != 0)
        throw Failure(fmt::format("the input {} cannot be read", input));
    ChildProcess child({target.program.string(), "-timeout=10", input},
                       {.input = -1, .output = STDOUT_FILENO, .error = STDERR_FILENO}, false);
    return child.wait() == 0 ? 0 : crash_status;
}

/// Returns whether nothing crashed.
bool run_target(const FuzzTarget& target, const FuzzOptions& options) {
    const std::size_t before = files_in(target.corpus);
    FuzzStatus status;
    try {
        status = run_fuzz_target(target, std::chrono::minutes(options.minutes), options.jobs);
    } catch (const Interrupted&) {
        say_new_inputs(target, before);
        throw;
    }
    fmt::print("{}: {} executions, coverage {}\n", target.name, status.executions, status.coverage);
    say_new_inputs(target, before);
    if (status.artifact.empty())
        return true;
    say(fmt::format("{}{}: an input crashes it: {}\nTo repeat it: ./lazyhv fuzz {} --input {}\n",
                    status.report, target.name, status.artifact, target.name, status.artifact));
    return false;
}

} // namespace

int fuzz(const FuzzOptions& options) {
    std::vector<FuzzTarget> targets;
    for (const std::string& name : options.targets.empty() ? fuzz_targets() : options.targets)
        targets.push_back(find_fuzz_target(name));
    if (!options.input.empty()) {
        if (targets.size() != 1 || options.targets.empty())
            throw Failure("--input needs exactly one target: ./lazyhv fuzz TARGET --input FILE");
        return run_input(targets.front(), options.input);
    }
    for (const FuzzTarget& target : targets)
        if (!run_target(target, options))
            return crash_status;
    return 0;
}

} // namespace tool
