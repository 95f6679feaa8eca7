#pragma once
// How far a long command has come, on standard error.

#include "tools/host/progress.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tool {

/// "[####----]  50 %, about 1:05 left: hardened/lazy, modern/lazy", cut off after `width` columns.
/// The time left is unknown while `done` is 0, and is not said.
std::string bar_text(double done, double total, std::chrono::seconds passed,
                     const std::vector<std::string>& steps, std::size_t width);

/// On a terminal a bar with the time left and the steps that are being taken, elsewhere a line for
/// each step that begins. Several threads may use one object.
class ProgressBar {
  public:
    /// `total`: the sum of the sizes of all steps, in whatever unit.
    explicit ProgressBar(double total);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    /// A step begins. `number`, counted from 1, and `count` say which of all it is.
    void begin(const std::string& step, std::size_t number, std::size_t count);
    /// A step of this size has been taken.
    void end(const std::string& step, double size);

  private:
    void show();
    void keep_showing(const std::stop_token& stopped);

    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    const double total_;
    const bool is_terminal_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    double done_ = 0;
    std::vector<std::string> steps_; ///< that have begun and not ended
    Progress progress_;
    std::jthread thread_; // last, because it uses the other members
};

} // namespace tool
