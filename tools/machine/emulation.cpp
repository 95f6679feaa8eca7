#include "tools/machine/emulation.h"

#include "shared/console.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/host/interruption.h"
#include "tools/host/pseudo_terminal.h"
#include "tools/host/temporary_folder.h"
#include "tools/machine/bochs.h"
#include "tools/machine/kvm.h"
#include "tools/trace/tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <unistd.h>

namespace tool {
namespace {

using Clock = std::chrono::steady_clock;

/// How long the emulator may take to end by itself after the end line, and how long a kernel that
/// panics may take to print the rest of its message.
constexpr std::chrono::seconds grace_time{2};
constexpr std::size_t shown_log_lines = 8;

struct Streams {
    int console; ///< bytes to and from COM1
    int screen;  ///< what the emulator prints; -1: none
    int input;   ///< what the user types; -1: none
};

/// Reads the bytes that are there. Returns none at the end of the stream or on an error.
std::string read_available(int descriptor) {
    std::array<char, 16384> bytes{};
    const ssize_t count = read(descriptor, bytes.data(), bytes.size());
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

/// At most this much of the log is read, which may be longer than memory.
constexpr std::streamoff read_log_bytes = 65536;

/// The beginning of the log, or its end; "" when it cannot be read.
std::string read_log(const std::filesystem::path& path, std::ios::seekdir from) {
    std::ifstream stream(path, std::ios::binary);
    stream.seekg(0, std::ios::end);
    const std::streamoff size = std::min<std::streamoff>(stream.tellg(), read_log_bytes);
    if (!stream || !stream.seekg(from == std::ios::end ? -size : 0, from))
        return "";
    std::string text(static_cast<std::size_t>(size), '\0');
    stream.read(text.data(), size);
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

/// Makes the name under which the emulator is told to write its log stand for the file that was
/// asked for, whose own name the emulator need not understand. Throws Failure.
std::filesystem::path place_log(const Machine& machine, const std::filesystem::path& folder) {
    std::filesystem::path log = folder / log_name;
    if (!machine.emulator_log)
        return log;
    std::error_code error;
    std::filesystem::create_symlink(std::filesystem::absolute(*machine.emulator_log), log, error);
    if (error)
        throw Failure(fmt::format("cannot create {}: {}", log.string(), error.message()));
    return log;
}

/// The terminal that Bochs opens itself. If nobody reads it, it fills up and Bochs stops.
class OpenedScreen {
  public:
    /// -1 until find() has found it.
    [[nodiscard]] int descriptor() const { return terminal_.get(); }

    /// Looks for the terminal's name in the log. Bochs prints it there before it writes anything to
    /// the terminal that it was given.
    void find(const std::filesystem::path& log) {
        if (was_found_)
            return;
        if (const std::optional<std::string> name = opened_screen(read_log(log, std::ios::beg))) {
            terminal_ = open_raw_terminal(*name);
            was_found_ = true;
        }
    }

    /// Discards the bytes that are there.
    void drain() {
        if (read_available(descriptor()).empty())
            terminal_ = FileDescriptor(); // Bochs has closed it
    }

  private:
    bool was_found_ = false;
    FileDescriptor terminal_;
};

bool is_readable(int descriptor) {
    pollfd waited{.fd = descriptor, .events = POLLIN, .revents = 0};
    return poll(&waited, 1, 0) == 1 && (waited.revents & POLLIN) != 0;
}

int milliseconds_until(Clock::time_point time) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

/// Feeds the console to `reader`. Returns when the emulator has ended, when the grace time after
/// the end line or after a kernel's panic is over, when GRUB has failed, or when GRUB has been
/// started a second time. Throws Failure at the time limit.
/// `printed` gets what the emulator prints.
void follow(const Machine& machine, ChildProcess& child, Streams streams,
            const std::filesystem::path& log, ConsoleReader& reader,
            const std::function<void(std::string_view)>& printed) {
    Clock::time_point end = Clock::now() + machine.time_limit;
    OpenedScreen opened;
    for (bool has_ended = false;;) {
        std::array<pollfd, 6> waited{
            {{.fd = streams.console, .events = POLLIN, .revents = 0},
             {.fd = streams.screen, .events = POLLIN, .revents = 0},
             {.fd = child.descriptor(), .events = POLLIN, .revents = 0},
             {.fd = interruption_descriptor(), .events = POLLIN, .revents = 0},
             {.fd = streams.input, .events = POLLIN, .revents = 0},
             {.fd = opened.descriptor(), .events = POLLIN, .revents = 0}}};
        const int ready = poll(waited.data(), waited.size(), milliseconds_until(end));
        throw_if_interrupted();
        if (ready < 0 && errno != EINTR)
            throw Failure(fmt::format("poll: {}", std::strerror(errno)));
        if (waited[0].revents != 0)
            reader.feed(read_available(streams.console));
        if (waited[1].revents != 0) {
            printed(read_available(streams.screen));
            opened.find(log);
        }
        if (waited[5].revents != 0)
            opened.drain();
        if (waited[4].revents != 0) {
            const std::string typed = read_available(streams.input);
            if (typed.empty())
                streams.input = -1;
            write_all(streams.console, typed); // may fail: then no guest is listening
        }
        if (reader.grub_has_failed() || reader.has_restarted())
            return;
        if (waited[2].revents != 0) {
            while (is_readable(streams.console))
                reader.feed(read_available(streams.console));
            while (streams.screen >= 0 && is_readable(streams.screen))
                printed(read_available(streams.screen));
            return;
        }
        if ((reader.end_status() || reader.kernel_panic()) && !has_ended) {
            has_ended = true;
            end = Clock::now() + grace_time;
        }
        if (Clock::now() < end)
            continue;
        if (has_ended)
            return;
        reader.finish();
        throw Failure(fmt::format("the guest has not ended within the time limit of {} seconds; "
                                  "--time-limit sets another",
                                  machine.time_limit.count()));
    }
}

std::string how_it_ended(int status) {
    return status > 128
               ? fmt::format("killed by signal {} ({})", status - 128, strsignal(status - 128))
               : fmt::format("exit status {}", status);
}

[[noreturn]] void fail_without_end_line(const ConsoleReader& reader, int status,
                                        const std::string& log) {
    if (reader.grub_has_failed() || (!reader.is_started() && !reader.grub_error().empty())) {
        const std::string& error = reader.grub_error();
        const bool is_too_big = error.find("out of memory") != std::string::npos;
        throw Failure(fmt::format(
            "GRUB could not load the image: {}{}", error.empty() ? "it gave no reason" : error,
            is_too_big
                ? " The guest image is too big for the machine's memory; --memory gives it more"
                : ""));
    }
    const std::string last = last_lines(log, shown_log_lines);
    throw Failure(fmt::format("the emulator ended before the guest did ({}){}{}",
                              how_it_ended(status),
                              last.empty() ? "" : "; the last lines of its log:\n", last));
}

} // namespace

int emulate(const Machine& machine, const BootImage& image, ConsoleReader& reader,
            bool forwards_input) {
    const TemporaryFolder folder;
    make_boot_image(image, folder.path());
    const std::filesystem::path log = place_log(machine, folder.path());
    const PseudoTerminal screen = open_pseudo_terminal();
    const PseudoTerminal serial = open_pseudo_terminal();
    const Emulator emulator = machine.kind == MachineKind::bochs
                                  ? prepare_bochs(machine, serial.name, folder.path())
                                  : prepare_qemu(machine, boot_image_name);
    // Bochs opens its log by name and truncates it; QEMU writes its messages to this descriptor.
    const FileDescriptor messages(
        open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0666));
    if (!messages.is_open()) {
        throw Failure(fmt::format("cannot write the emulator's log {}: {}",
                                  machine.emulator_log.value_or(log).string(),
                                  std::strerror(errno)));
    }
    // Through a pipe the bytes of a trace take less time than through a terminal.
    const bool is_traced = machine.tracer != nullptr;
    Pipe trace = open_pipe();
    ChildProcess child(emulator.command,
                       {.input = screen.theirs.get(),
                        .output = is_traced ? trace.writing.get() : screen.theirs.get(),
                        .error = messages.get()},
                       true, folder.path());
    trace.writing.reset();
    const bool on_streams = emulator.console_on_standard_streams;
    follow(machine, child,
           {.console = on_streams ? screen.ours.get() : serial.ours.get(),
            .screen = on_streams  ? -1
                      : is_traced ? trace.reading.get()
                                  : screen.ours.get(),
            .input = forwards_input && isatty(STDIN_FILENO) != 0 ? STDIN_FILENO : -1},
           log, reader,
           is_traced ? machine.tracer->begin(machine.run_name, image.guest)
                     : Tracer::Input([](std::string_view) {}));
    if (!reader.end_status() && reader.is_started() && machine.kind == MachineKind::bochs &&
        was_shut_down(read_log(log, std::ios::end))) {
        reader.feed(fmt::format("\n{}{}\n{}{}\n", abi::monitor_prefix, abi::shutdown_text,
                                abi::end_prefix, abi::shutdown_status));
    }
    reader.finish();
    if (reader.kernel_panic())
        throw Failure(fmt::format("the guest's kernel panicked: {}", *reader.kernel_panic()));
    if (!reader.end_status()) {
        if (reader.has_restarted())
            throw Failure("the machine was reset before the guest had said how it ended");
        if (reader.grub_has_failed())
            child.kill();
        fail_without_end_line(reader, child.wait(), read_log(log, std::ios::end));
    }
    return *reader.end_status();
}

} // namespace tool
