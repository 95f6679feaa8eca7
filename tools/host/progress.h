#pragma once
// What a long command is doing, on standard error.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace tool {

/// One line that is overwritten on a terminal, one line for each step elsewhere. May be used by
/// several threads.
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
    bool is_shown_ = false; ///< something stands in the line
};

/// Says every ten seconds how long the boot has taken, until the guest has something to say.
class BootProgress {
  public:
    BootProgress();
    ~BootProgress() { stop(); }
    BootProgress(const BootProgress&) = delete;
    BootProgress& operator=(const BootProgress&) = delete;

    /// To be called before something else is written to the terminal.
    void clear() { progress_.clear(); }
    /// Says nothing more.
    void stop();

  private:
    void report(const std::stop_token& stopped);

    Progress progress_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last: it uses the others
};

} // namespace tool
