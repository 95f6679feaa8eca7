#include "tools/commands/benchmark_context.h"

#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/machine/memory_size.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <unistd.h>

namespace tool {
namespace {

/// The commit of the sources, with "-dirty" appended if files differ from it; "unknown" without
/// git.
std::string commit() {
    if (!find_program("git"))
        return "unknown";
    const std::string folder = source_folder().string();
    Captured head = capture({"git", "-C", folder, "rev-parse", "--verify", "HEAD"});
    if (head.status != 0)
        return "unknown";
    while (head.output.ends_with('\n'))
        head.output.pop_back();
    const Captured changes = capture({"git", "-C", folder, "status", "--porcelain"});
    return head.output + (changes.output.empty() ? "" : "-dirty");
}

/// The first line of a program's output that contains `word`, from that word on.
std::string version(const std::vector<std::string>& command, std::string_view word) {
    const std::string output = capture(command).output;
    const std::size_t found = output.find(word);
    if (found == std::string::npos)
        return "unknown";
    return output.substr(found,
                         std::min(output.find_first_of("\r\n", found), output.size()) - found);
}

} // namespace

std::map<std::string, std::string> benchmark_context(const Machine& machine,
                                                     const BenchOptions& options,
                                                     const std::vector<BenchPart>& parts) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    std::vector<std::uint32_t> cpus;
    for (const BenchPart& part : parts)
        cpus.push_back(part.cpus);
    const bool is_bochs = machine.kind == MachineKind::bochs;
    std::map<std::string, std::string> context{
        {"date", fmt::format("{:%Y-%m-%dT%H:%M:%S+00:00}", fmt::gmtime(std::time(nullptr)))},
        {"host_name", host.data()},
        {"executable", "lazyhv"},
        {"machine", std::string(name(machine.kind))},
        {"cpu_model", machine.cpu_model},
        {"cpus", fmt::format("{}", fmt::join(cpus, ","))},
        {"memory_mebibytes", fmt::format("{}", machine.memory_mebibytes)},
        {"emulator", is_bochs ? version({"bochs", "--help"}, "Bochs x86 Emulator")
                              : version({"qemu-system-x86_64", "--version"}, "QEMU")},
        {"commit", commit()},
        {"switches", fmt::format("{}", options.switches)}};
    if (!options.boot.shadow_memory.empty())
        context["shadow_memory_kibibytes"] =
            fmt::format("{}", parse_shadow_memory_size(options.boot.shadow_memory));
    return context;
}

} // namespace tool
