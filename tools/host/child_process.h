#pragma once
// Programs that the command starts, and what they print.

#include "tools/host/file_descriptor.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace tool {

/// The child's standard input, output and error. The caller keeps the descriptors. -1: /dev/null.
struct StandardStreams {
    int input = -1;
    int output = -1;
    int error = -1;
};

/// A running program, in a session and process group of its own. The group is killed and the
/// process reaped when this object is destroyed. The kernel also kills it when the command itself
/// is killed.
class ChildProcess {
  public:
    /// `command`: the program (searched for in PATH unless it contains a '/') and its arguments.
    /// With `is_terminal`, `streams.input` becomes its controlling terminal, and TERM is set to
    /// match. The program starts in `folder`, or in the folder of this process if that is empty.
    /// Throws Failure when the program is not found or cannot be started.
    ChildProcess(const std::vector<std::string>& command, const StandardStreams& streams,
                 bool is_terminal, const std::filesystem::path& folder = {});
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// A descriptor for poll(): readable as soon as the process has ended.
    [[nodiscard]] int descriptor() const { return descriptor_.get(); }
    /// Waits until the process ends. Returns what a shell would: its exit status, or 128 plus the
    /// number of the signal that ended it.
    int wait();
    /// Kills the whole process group.
    void kill();
    /// Asks the process group to end (SIGTERM), and waits some seconds for it.
    void ask_to_end();

  private:
    pid_t process_ = -1;
    FileDescriptor descriptor_;
    std::optional<int> status_;
};

/// The absolute path of a program in PATH; nothing if it is not found.
std::optional<std::string> find_program(std::string_view name);

/// Runs a program until it ends, and passes on what it prints (standard output and standard error)
/// as it comes. Returns its status as ChildProcess::wait does. Throws Interrupted, after the
/// program has been asked to end, and Failure as ChildProcess does.
int run_to_end(const std::vector<std::string>& command,
               const std::function<void(std::string_view)>& take,
               const std::filesystem::path& folder = {});

struct Captured {
    int status;
    std::string output; ///< standard output and standard error together
};

/// The same with all that it printed.
Captured capture(const std::vector<std::string>& command, const std::filesystem::path& folder = {});

/// Replaces this program by another one (exec), with the default actions for signals. The exit
/// status is then that of `command`. Throws Failure when that fails.
[[noreturn]] void become_program(std::vector<std::string> command);

/// Appends `more` to `text`, of which at least the last `kept` bytes remain and at most twice as
/// many, besides `more`.
void add_to_end(std::string& text, std::string_view more, std::size_t kept);

/// The last `count` lines of `text` that are not empty, without the line feed at the very end.
std::string last_lines(std::string_view text, std::size_t count);

} // namespace tool
