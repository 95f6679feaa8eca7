#pragma once
// A program started by the command, and the end of what it printed.

#include "tools/host/file_descriptor.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace tool {

/// What the child gets as standard input, output and error; they stay the caller's. -1: /dev/null.
struct StandardStreams {
    int input = -1;
    int output = -1;
    int error = -1;
};

/// Runs in a session and process group of its own, which is killed and reaped at the end of this
/// object's life. It is killed, too, when the command itself is killed.
class ChildProcess {
  public:
    /// `command`: program (looked for in PATH unless it has a '/') and arguments. With
    /// `is_terminal`, `streams.input` becomes its controlling terminal (and TERM says which kind).
    /// Throws Failure when the program is not found or cannot be started.
    ChildProcess(const std::vector<std::string>& command, const StandardStreams& streams,
                 bool is_terminal);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// Readable as soon as the process has ended, for poll().
    [[nodiscard]] int descriptor() const { return descriptor_.get(); }
    /// Waits for its end. As the shell puts it: the exit status, or 128 and the signal's number.
    int wait();
    /// Kills the whole process group.
    void kill();

  private:
    pid_t process_ = -1;
    FileDescriptor descriptor_;
    std::optional<int> status_;
};

/// The full path of a program in PATH; nothing when it is not there.
std::optional<std::string> find_program(std::string_view name);

struct Captured {
    int status;
    std::string output; ///< standard output and standard error
};

/// Runs a helper program to its end. Throws Interrupted on the way, Failure as ChildProcess does.
Captured capture(const std::vector<std::string>& command);

/// Replaces this program by another one, with the signals as they were when it started; the exit
/// status is then that of `command`. Throws Failure when that fails.
[[noreturn]] void become_program(std::vector<std::string> command);

/// The last `count` lines of `text` that are not empty, without the line feed at the very end.
std::string last_lines(std::string_view text, std::size_t count);

} // namespace tool
