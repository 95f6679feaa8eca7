#include "tools/commands/commands.h"
#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>
#include <vector>

namespace tool {

void test(const TestOptions& options) {
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
    become_program(std::move(command));
}

} // namespace tool
