#include "tools/commands/measured_boots.h"

#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/machine/emulation.h"
#include "tools/results/result.h"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace tool {
namespace {

/// Lines of the console that are shown of a guest that failed, and characters that are kept for
/// that.
constexpr std::size_t shown_console_lines = 40;
constexpr std::size_t kept_console = std::size_t{64} << 10U;

/// How many emulators run at the same time.
constexpr std::size_t parallel_boots = 2;

} // namespace

Run measured_boot(const Machine& machine, const BootImage& image, const std::string& name) {
    std::string console;
    ConsoleReader reader([&console](ConsoleReader::Kind kind, std::string_view text) {
        if (kind != ConsoleReader::Kind::program)
            add_to_end(console, text, kept_console);
    });
    const auto fail = [&](std::string_view why) {
        const std::string last = last_lines(console, shown_console_lines);
        return Failure(fmt::format("{}: {}{}{}", name, why,
                                   last.empty() ? "" : "\nIts console said:\n", last));
    };
    int status = 0;
    try {
        status = emulate(machine, image, reader, false);
    } catch (const Failure& failure) {
        throw fail(failure.what());
    }
    if (status != 0)
        throw fail(fmt::format("the run ended with status {}", status));
    Run run{.profile = image.monitor_options.profile,
            .interface = image.monitor_options.interface,
            .results = {},
            .context = {},
            .cpus = machine.cpus};
    for (const std::string& line : reader.result_lines())
        run.results.push_back(parse_result(line));
    for (const std::string& line : reader.context_lines())
        for (const auto& [key, value] : parse_key_values(line))
            run.context.insert_or_assign(key, value);
    if (run.results.empty())
        throw fail("the guest printed no result");
    return run;
}

void boot_in_parallel(std::size_t count, const std::function<void(std::size_t)>& boot) {
    std::vector<std::exception_ptr> failures(count);
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> has_failed = false;
    const auto work = [&] {
        for (;;) {
            const std::size_t index = next++;
            if (index >= count || has_failed)
                return;
            try {
                boot(index);
            } catch (...) {
                failures[index] = std::current_exception();
                has_failed = true;
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t number = 0; number < parallel_boots; ++number)
            threads.emplace_back(work);
    }
    for (const std::exception_ptr& failure : failures)
        if (failure)
            std::rethrow_exception(failure);
}

} // namespace tool
