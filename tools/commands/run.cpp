#include "tools/commands/boot.h"
#include "tools/commands/commands.h"
#include "tools/commands/profiles.h"
#include "tools/console/user_terminal.h"
#include "tools/host/failure.h"
#include "tools/machine/emulation.h"

#include <fmt/format.h>

namespace tool {
namespace {

constexpr std::chrono::seconds default_time_limit{120};

/// For an option that has no meaning without shadow paging. Throws Failure on other profiles.
void require_classic(std::string_view option, abi::Profile profile) {
    if (profile != abi::Profile::classic) {
        throw Failure(fmt::format("{} is about shadow page tables, which only profile classic "
                                  "has; this is profile {}",
                                  option, abi::name(profile)));
    }
}

/// The command reads the log, too. Throws Failure for what is no file.
void require_log_file(const std::filesystem::path& path) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        throw Failure(fmt::format("cannot write the emulator's log {}: it is not a regular file",
                                  path.string()));
    }
}

} // namespace

int run(const RunOptions& options) {
    const abi::Profile profile =
        parse_profile(options.boot.profile.empty() ? "hardened" : options.boot.profile);
    const bool protects = options.protect != "off";
    const abi::Interface interface =
        parse_interface(!options.boot.interface.empty() ? options.boot.interface
                        : protects                      ? "lazy"
                                                        : "native");
    if (options.checked)
        require_classic("--checked", profile);
    if (!options.boot.shadow_memory.empty())
        require_classic("--shadow-memory", profile);
    MonitorOptions monitor = monitor_options(options.boot, profile, interface);
    if (!options.protect.empty())
        monitor.protects_descriptors = protects;
    BootImage image = choose_image(options.boot, monitor,
                                   options.checked ? MonitorBuild::checked : MonitorBuild::plain);
    if (!options.module_file.empty()) {
        require_readable_guest(options.module_file);
        image.module = options.module_file;
    }
    if (!options.emulator_log.empty())
        require_log_file(options.emulator_log);
    if (!options.image_file.empty()) {
        save_boot_image(image, options.image_file);
        return 0;
    }
    Machine machine = choose_machine(options.boot, default_time_limit);
    machine.log_exits = options.log_exits;
    if (!options.emulator_log.empty())
        machine.emulator_log = options.emulator_log;
    ConsoleReader reader([&options](ConsoleReader::Kind kind, std::string_view text) {
        show_console(kind, text, options.verbose);
    });
    return emulate(machine, image, reader, true);
}

} // namespace tool
