#include "tools/commands/commands.h"
#include "tools/commands/test_report.h"
#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/host/progress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

namespace tool {
namespace {

/// Prints what is to be seen of ctest's output, line by line as it comes.
class TestPrinter {
  public:
    void take(std::string_view bytes) {
        for (const char byte : bytes) {
            if (byte != '\n') {
                line_ += byte;
                continue;
            }
            print(report_.take(line_));
            line_.clear();
        }
    }
    void end() {
        progress_.clear();
        fmt::print("{}", report_.end());
        if (std::fflush(stdout) != 0)
            throw Failure("cannot write the results to standard output");
    }

  private:
    void print(const std::string& text) {
        if (!text.empty()) {
            progress_.clear();
            std::fwrite(text.data(), 1, text.size(), stdout);
            std::fflush(stdout);
        }
        if (const std::string step = report_.progress(); is_terminal_ && !step.empty())
            progress_.say(step);
    }

    TestReport report_;
    Progress progress_;
    const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
    std::string line_;
};

} // namespace

int test(const TestOptions& options) {
    if (options.nested)
        become_program({"python3", (source_folder() / "tests/nested/nested.py").string(),
                        build_folder().string()});
    if (options.linux_guest)
        become_program({"python3", (source_folder() / "tests/linux/matrix.py").string(),
                        build_folder().string()});
    std::vector<std::string> command{"ctest", "--test-dir",          build_folder().string(),
                                     "-j2",   "--output-on-failure", "--no-tests=error"};
    if (!options.regular_expressions.empty()) {
        command.emplace_back("-R");
        command.emplace_back(fmt::format("{}", fmt::join(options.regular_expressions, "|")));
    }
    TestPrinter printer;
    const int status =
        run_to_end(command, [&printer](std::string_view bytes) { printer.take(bytes); });
    printer.end();
    return status;
}

} // namespace tool
