#pragma once
// What a long command is doing, on standard error.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace tool {

/// Shows the current step: on a terminal in one line that is overwritten, elsewhere in a new line
/// for each step. Several threads may use one object.
class Progress {
  public:
    Progress();
    /// Clears the line on a terminal.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void say(const std::string& step);
    /// Clears the line on a terminal, before something else is written there.
    void clear();

  private:
    std::mutex mutex_;
    bool is_terminal_;
    bool is_shown_ = false; ///< the terminal's line has text in it
};

/// Prints every ten seconds how long a boot of Linux has taken, until stop() is called.
class BootProgress {
  public:
    BootProgress();
    ~BootProgress() { stop(); }
    BootProgress(const BootProgress&) = delete;
    BootProgress& operator=(const BootProgress&) = delete;

    /// Must be called before something else is written to the terminal.
    void clear() { progress_.clear(); }
    /// Prints nothing from now on.
    void stop();

  private:
    void report(const std::stop_token& stopped);

    Progress progress_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last, because it uses the other members
};

} // namespace tool
