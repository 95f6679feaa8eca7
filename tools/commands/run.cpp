#include "tools/commands/run.h"

#include "tools/commands/boot.h"
#include "tools/machine/emulation.h"

#include <cstdio>

namespace tool {
namespace {

constexpr std::chrono::seconds default_time_limit{120};

void show(ConsoleReader::Kind kind, std::string_view text, bool verbose) {
    if (kind == ConsoleReader::Kind::program && !verbose)
        return;
    const bool is_error = kind == ConsoleReader::Kind::error;
    std::fflush(is_error ? stdout : stderr);
    std::FILE* const stream = is_error ? stderr : stdout;
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

} // namespace

int run(const RunOptions& options) {
    const abi::Profile profile =
        parse_profile(options.boot.profile.empty() ? "hardened" : options.boot.profile);
    const abi::Interface interface =
        parse_interface(options.boot.interface.empty() ? "lazy" : options.boot.interface);
    const BootImage image = choose_image(options.boot, profile, interface);
    Machine machine = choose_machine(options.boot, default_time_limit);
    machine.log_exits = options.log_exits;
    if (!options.emulator_log.empty())
        machine.emulator_log = options.emulator_log;
    ConsoleReader reader([&options](ConsoleReader::Kind kind, std::string_view text) {
        show(kind, text, options.verbose);
    });
    return emulate(machine, image, reader, true);
}

} // namespace tool
