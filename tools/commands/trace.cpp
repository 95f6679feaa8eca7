#include "tools/commands/command_line.h"
#include "tools/commands/commands.h"
#include "tools/host/build_folder.h"
#include "tools/host/failure.h"
#include "tools/machine/machine.h"
#include "tools/trace/tracer.h"

#include <fmt/format.h>

namespace tool {
namespace {

std::vector<std::unique_ptr<TraceWriter>> choose_writers(const TraceOptions& options) {
    std::vector<std::unique_ptr<TraceWriter>> writers;
    if (options.has_text)
        writers.push_back(text_writer());
    if (!options.csv_file.empty())
        writers.push_back(csv_writer(options.csv_file));
    if (!options.json_file.empty())
        writers.push_back(json_writer(options.json_file));
    if (options.has_summary || writers.empty())
        writers.push_back(summary_writer(std::string(tick_name(MachineKind::bochs))));
    return writers;
}

/// The options of the command that is to be traced.
Request parse(const TraceOptions& options) {
    std::vector<std::string> words{"./lazyhv"};
    words.insert(words.end(), options.command.begin(), options.command.end());
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return parse_command_line(static_cast<int>(words.size()), pointers.data());
}

int perform(Request& request, Tracer& tracer) {
    if (auto* const options = std::get_if<RunOptions>(&request)) {
        options->boot.tracer = &tracer;
        return run(*options);
    }
    if (auto* const options = std::get_if<BenchOptions>(&request)) {
        options->boot.tracer = &tracer;
        return bench(*options);
    }
    if (auto* const options = std::get_if<LinuxOptions>(&request)) {
        options->boot.tracer = &tracer;
        return boot_linux(*options);
    }
    throw Failure("trace is for `run`, `bench` and `linux`: name one of them after --, as in "
                  "`./lazyhv trace -- bench --workload full`");
}

} // namespace

int trace(const TraceOptions& options) {
    if (options.command.empty())
        throw Failure("name the command to trace after --, as in `./lazyhv trace -- bench "
                      "--workload full`");
    Request request = parse(options);
    if (const int* const status = std::get_if<int>(&request))
        return *status;
    Tracer tracer(choose_writers(options), options.symbols, built_file("vmi_rom/vmi.elf"));
    const int status = perform(request, tracer);
    tracer.finish();
    return status;
}

} // namespace tool
