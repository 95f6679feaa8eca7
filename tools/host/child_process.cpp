#include "tools/host/child_process.h"

#include "tools/host/failure.h"
#include "tools/host/interruption.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace tool {
namespace {

/// Restores the default actions, which catch_interruptions changes (host/interruption.h).
void restore_signals() {
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        signal(signal_number, SIG_DFL);
}

/// Runs in the child between fork and exec, and so calls only what is safe in a signal handler.
[[noreturn]] void execute_child(const char* program, char* const* arguments,
                                char* const* environment, const StandardStreams& streams,
                                bool is_terminal, const char* folder, pid_t parent) {
    if (*folder != '\0' && chdir(folder) != 0)
        _exit(127);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(streams.input >= 0 ? streams.input : null, STDIN_FILENO);
    dup2(streams.output >= 0 ? streams.output : null, STDOUT_FILENO);
    dup2(streams.error >= 0 ? streams.error : null, STDERR_FILENO);
    if (is_terminal)
        ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    restore_signals();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(program, arguments, environment);
    _exit(127);
}

std::vector<std::string> child_environment(bool is_terminal) {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable)
        if (!is_terminal || !std::string_view(*variable).starts_with("TERM="))
            variables.emplace_back(*variable);
    if (is_terminal)
        variables.emplace_back("TERM=xterm");
    return variables;
}

/// What a shell makes of a status of waitpid().
int shell_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (std::string& string : strings)
        result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

} // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const StandardStreams& streams,
                           bool is_terminal, const std::filesystem::path& folder) {
    const std::optional<std::string> program = find_program(command.front());
    if (!program) {
        throw Failure(fmt::format("{} is not installed (not found in PATH); `./lazyhv doctor` says "
                                  "which package has it",
                                  command.front()));
    }
    std::vector<std::string> arguments = command;
    std::vector<std::string> environment = child_environment(is_terminal);
    const std::vector<char*> argument_pointers = pointers(arguments);
    const std::vector<char*> environment_pointers = pointers(environment);
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ == 0)
        execute_child(program->c_str(), argument_pointers.data(), environment_pointers.data(),
                      streams, is_terminal, folder.c_str(), parent);
    if (process_ < 0)
        throw Failure(fmt::format("cannot start {}: {}", *program, std::strerror(errno)));
    // By its number, because glibc 2.36 declares pidfd_open without C linkage.
    descriptor_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
    if (!descriptor_.is_open()) {
        const int error = errno;
        kill();
        throw Failure(fmt::format("cannot watch {}: {}", *program, std::strerror(error)));
    }
}

ChildProcess::~ChildProcess() { kill(); }

int ChildProcess::wait() {
    if (!status_) {
        int status = 0;
        while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        status_ = shell_status(status);
    }
    return *status_;
}

void ChildProcess::kill() {
    if (status_)
        return;
    ::kill(-process_, SIGKILL); // fails if the child has not called setsid yet
    ::kill(process_, SIGKILL);
    wait();
}

void ChildProcess::ask_to_end() {
    constexpr int patience = 50;
    constexpr std::chrono::milliseconds pause{100};
    ::kill(-process_, SIGTERM);
    for (int times = 0; times < patience; ++times) {
        int status = 0;
        if (!status_ && waitpid(process_, &status, WNOHANG) == process_)
            status_ = shell_status(status);
        if (status_ && ::kill(-process_, 0) != 0)
            return;
        std::this_thread::sleep_for(pause);
    }
}

std::optional<std::string> find_program(std::string_view name) {
    if (name.find('/') != std::string_view::npos) {
        return access(std::string(name).c_str(), X_OK) == 0
                   ? std::optional(std::filesystem::absolute(name).string())
                   : std::nullopt;
    }
    const char* const variable = std::getenv("PATH");
    std::string_view folders = variable == nullptr ? "" : variable;
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        const std::string candidate = fmt::format("{}/{}", folders.substr(0, end), name);
        if (end != 0 && access(candidate.c_str(), X_OK) == 0)
            return std::filesystem::absolute(candidate).string();
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return std::nullopt;
}

int run_to_end(const std::vector<std::string>& command,
               const std::function<void(std::string_view)>& take,
               const std::filesystem::path& folder) {
    Pipe pipe = open_pipe();
    ChildProcess child(command,
                       {.input = -1, .output = pipe.writing.get(), .error = pipe.writing.get()},
                       false, folder);
    pipe.writing.reset();
    for (;;) {
        std::array<pollfd, 2> waited{
            {{.fd = pipe.reading.get(), .events = POLLIN, .revents = 0},
             {.fd = interruption_descriptor(), .events = POLLIN, .revents = 0}}};
        poll(waited.data(), waited.size(), -1);
        try {
            throw_if_interrupted();
        } catch (const Interrupted&) {
            child.ask_to_end();
            throw;
        }
        std::array<char, 4096> bytes{};
        const ssize_t count = read(pipe.reading.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        take({bytes.data(), static_cast<std::size_t>(count)});
    }
    return child.wait();
}

Captured capture(const std::vector<std::string>& command, const std::filesystem::path& folder) {
    std::string output;
    const int status = run_to_end(
        command, [&output](std::string_view bytes) { output += bytes; }, folder);
    return {.status = status, .output = std::move(output)};
}

void become_program(std::vector<std::string> command) {
    const std::vector<char*> arguments = pointers(command);
    restore_signals();
    execvp(arguments.front(), arguments.data());
    throw Failure(fmt::format("cannot start {}: {}", command.front(), std::strerror(errno)));
}

void add_to_end(std::string& text, std::string_view more, std::size_t kept) {
    if (text.size() > 2 * kept)
        text.erase(0, text.size() - kept);
    text += more;
}

std::string last_lines(std::string_view text, std::size_t count) {
    std::string last;
    while (count != 0 && !text.empty()) {
        const std::size_t feed = text.rfind('\n');
        const std::string_view line = feed == std::string_view::npos ? text : text.substr(feed + 1);
        if (!line.empty() && line != "\r") {
            if (!last.empty())
                last.insert(0, 1, '\n');
            last.insert(0, line);
            --count;
        }
        text = feed == std::string_view::npos ? std::string_view() : text.substr(0, feed);
    }
    return last;
}

} // namespace tool
