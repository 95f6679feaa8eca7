#include "tools/commands/test.h"

#include "tools/commands/build_folder.h"
#include "tools/host/failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tool {
namespace {

[[noreturn]] void become(std::vector<std::string> command) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& argument : command)
        arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        std::signal(signal_number, SIG_DFL);
    execvp(arguments.front(), arguments.data());
    throw Failure(fmt::format("cannot start {}: {}", command.front(), std::strerror(errno)));
}

} // namespace

void test(const TestOptions& options) {
    if (options.nested)
        become({"python3", (source_folder() / "tests/nested/nested.py").string(),
                build_folder().string()});
    if (options.linux_guest)
        become({"python3", (source_folder() / "tests/linux/matrix.py").string(),
                build_folder().string()});
    std::vector<std::string> command{"ctest", "--test-dir",          build_folder().string(),
                                     "-j2",   "--output-on-failure", "--no-tests=error"};
    if (!options.regular_expressions.empty()) {
        command.emplace_back("-R");
        command.emplace_back(fmt::format("{}", fmt::join(options.regular_expressions, "|")));
    }
    become(std::move(command));
}

} // namespace tool
