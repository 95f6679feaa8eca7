#include "tools/commands/commands.h"
#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

namespace tool {
namespace {

struct BuildTarget {
    std::string name;
    bool is_file; ///< a file that a rule makes, and not a name that CMake gives to a target
};

/// Ninja's targets: "guest/guest.elf: CXX_EXECUTABLE_LINKER__guest_kernel", "unit_tests: phony".
std::vector<BuildTarget> build_targets() {
    const Captured ninja =
        capture({"ninja", "-C", build_folder().string(), "-t", "targets", "all"});
    if (ninja.status != 0)
        throw Failure(fmt::format("ninja cannot list the targets in {}:\n{}",
                                  build_folder().string(), ninja.output));
    std::vector<BuildTarget> targets;
    std::istringstream lines(ninja.output);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.rfind(": ");
        if (colon != std::string::npos)
            targets.push_back({line.substr(0, colon), line.substr(colon + 2) != "phony"});
    }
    return targets;
}

/// Whether a person would build it: a target of CMakeLists.txt or all targets of a folder, but not
/// a file, and not one of the targets that CMake adds to every project.
bool is_shown(const BuildTarget& target) {
    constexpr std::array of_cmake{"edit_cache", "rebuild_cache", "test"};
    if (target.is_file || target.name.starts_with("cmake_object_order_depends") ||
        std::find(of_cmake.begin(), of_cmake.end(), target.name) != of_cmake.end())
        return false;
    return target.name.ends_with("/all") || target.name.find_first_of("/.") == std::string::npos;
}

void list_targets(const std::vector<BuildTarget>& targets) {
    std::set<std::string> names;
    for (const BuildTarget& target : targets)
        if (is_shown(target))
            names.insert(target.name);
    for (const std::string& name : names)
        fmt::print("{}\n", name);
}

void require_targets(const std::vector<std::string>& wanted,
                     const std::vector<BuildTarget>& targets) {
    for (const std::string& name : wanted) {
        const bool is_known =
            std::any_of(targets.begin(), targets.end(),
                        [&name](const BuildTarget& target) { return target.name == name; });
        if (!is_known) {
            throw Failure(fmt::format("there is no target \"{}\" to build: `./lazyhv build --list` "
                                      "prints the targets",
                                      name));
        }
    }
}

} // namespace

int build(const BuildOptions& options) {
    if (options.lists_targets) {
        list_targets(build_targets());
        return 0;
    }
    if (!options.targets.empty())
        require_targets(options.targets, build_targets());
    std::vector<std::string> command{"ninja", "-C", build_folder().string()};
    if (options.jobs != 0)
        command.insert(command.end(), {"-j", fmt::format("{}", options.jobs)});
    command.insert(command.end(), options.targets.begin(), options.targets.end());
    become_program(std::move(command));
}

} // namespace tool
