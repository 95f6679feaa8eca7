#include "tools/commands/test.h"

#include "tools/commands/build_folder.h"
#include "tools/host/failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <unistd.h>

namespace tool {

void test(const TestOptions& options) {
    std::vector<std::string> command{"ctest", "--test-dir",          build_folder().string(),
                                     "-j2",   "--output-on-failure", "--no-tests=error"};
    if (!options.regular_expressions.empty()) {
        command.emplace_back("-R");
        command.emplace_back(fmt::format("{}", fmt::join(options.regular_expressions, "|")));
    }
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& argument : command)
        arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        std::signal(signal_number, SIG_DFL);
    execvp(arguments.front(), arguments.data());
    throw Failure(fmt::format("cannot start ctest: {}", std::strerror(errno)));
}

} // namespace tool
