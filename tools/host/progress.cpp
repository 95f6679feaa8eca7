#include "tools/host/progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace tool {
namespace {

/// Back to the first column, and clear to the end of the line (ECMA-48).
constexpr std::string_view clear_line = "\r\x1b[K";

constexpr std::chrono::seconds interval{10};

} // namespace

Progress::Progress() : is_terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::say(const std::string& step) {
    const std::scoped_lock lock(mutex_);
    const std::string text = is_terminal_ ? std::string(clear_line) + step : step + '\n';
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
    is_shown_ = true;
}

void Progress::clear() {
    const std::scoped_lock lock(mutex_);
    if (is_terminal_ && is_shown_)
        std::fwrite(clear_line.data(), 1, clear_line.size(), stderr);
    is_shown_ = false;
}

BootProgress::BootProgress()
    : thread_([this](const std::stop_token& stopped) { report(stopped); }) {}

void BootProgress::stop() {
    thread_.request_stop();
    if (thread_.joinable())
        thread_.join();
    progress_.clear();
}

void BootProgress::report(const std::stop_token& stopped) {
    std::chrono::seconds passed{0};
    std::unique_lock lock(mutex_);
    while (!stopped.stop_requested()) {
        wake_.wait_for(lock, stopped, interval, [] { return false; });
        if (stopped.stop_requested())
            return;
        passed += interval;
        progress_.say(fmt::format("Linux is booting: {} s", passed.count()));
    }
}

} // namespace tool
