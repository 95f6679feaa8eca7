#pragma once
// A boot during which nothing is printed.

#include "tools/commands/progress.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tool {

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
