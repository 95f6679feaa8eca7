#include "tools/commands/linux.h"

#include "tools/commands/boot.h"
#include "tools/commands/boot_progress.h"
#include "tools/commands/console_output.h"
#include "tools/commands/linux_bench.h"
#include "tools/commands/linux_image.h"
#include "tools/commands/profile_names.h"
#include "tools/host/failure.h"
#include "tools/host/raw_terminal.h"
#include "tools/host/temporary_folder.h"
#include "tools/linux/kernel_words.h"
#include "tools/machine/emulation.h"

#include <algorithm>

namespace tool {
namespace {

constexpr std::chrono::seconds default_time_limit{600};

void check(const LinuxOptions& options) {
    if (!options.json_file.empty() && !options.is_benchmark)
        throw Failure("--json is for the results of --bench");
    if (options.is_benchmark && (options.has_page_table_isolation || !options.programs.empty()))
        throw Failure("--bench chooses --pti and --run itself: leave them out");
    if (options.boot.profile == abi::name(abi::Profile::bare))
        throw Failure("Linux is booted by the monitor: give classic, hardened or modern");
}

/// Shows the console and, until the kernel has something to say, how long that takes.
class Screen {
  public:
    explicit Screen(bool verbose) : verbose_{verbose} {}

    void show(ConsoleReader::Kind kind, std::string_view text) {
        if (kind == ConsoleReader::Kind::program && !verbose_)
            return;
        if (kind == ConsoleReader::Kind::monitor) // speaks before the kernel does
            progress_.clear();
        else
            progress_.stop();
        show_console(kind, text, verbose_);
    }

  private:
    bool verbose_;
    BootProgress progress_;
};

// guest/linux_programs/init.sh says so first. A kernel that resets the machine before ends the run,
// too.
bool has_run_init(const ConsoleReader& reader) {
    const auto& lines = reader.context_lines();
    return std::any_of(lines.begin(), lines.end(),
                       [](const std::string& line) { return line.starts_with("kernel="); });
}

} // namespace

int boot_linux(const LinuxOptions& options) {
    check(options);
    const abi::Profile profile =
        parse_profile(options.boot.profile.empty() ? "modern" : options.boot.profile);
    const std::vector<std::string> words =
        kernel_words({.has_page_table_isolation = options.has_page_table_isolation,
                      .programs = options.programs,
                      .append = options.append});
    const Machine machine = choose_machine(options.boot, default_time_limit);
    if (options.is_benchmark)
        return linux_bench(options, machine);
    const TemporaryFolder folder;
    LinuxFiles files;
    {
        Progress progress;
        files = choose_linux_files(options, folder.path(), progress);
    }
    const BootImage image = linux_image(options, files, profile, words);
    const RawTerminal terminal;
    Screen screen{options.verbose};
    ConsoleReader reader(
        [&screen](ConsoleReader::Kind kind, std::string_view text) { screen.show(kind, text); });
    const int status = emulate(machine, image, reader, true);
    if (status == 0 && options.initrd.empty() && !has_run_init(reader))
        throw Failure("the kernel reset the machine before its first process ran");
    return status;
}

} // namespace tool
