#include "tools/host/progress_bar.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tool {
namespace {

constexpr std::size_t bar_width = 24;
constexpr std::size_t usual_width = 80;

/// Columns of the terminal on standard error.
std::size_t terminal_width() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col
                                                                            : usual_width;
}

} // namespace

std::string bar_text(double done, double total, std::chrono::seconds passed,
                     const std::vector<std::string>& steps, std::size_t width) {
    const double share = total > 0 ? std::min(done / total, 1.0) : 1.0;
    const auto filled = static_cast<std::size_t>(share * bar_width);
    std::string text = fmt::format("[{}{}] {:3.0f} %", std::string(filled, '#'),
                                   std::string(bar_width - filled, '-'), 100 * share);
    if (share > 0) {
        const auto left =
            static_cast<long>(static_cast<double>(passed.count()) * (1 / share - 1) + 0.5);
        text += fmt::format(", about {}:{:02} left", left / 60, left % 60);
    }
    if (!steps.empty())
        text += fmt::format(": {}", fmt::join(steps, ", "));
    return text.substr(0, width);
}

ProgressBar::ProgressBar(double total)
    : total_(total), is_terminal_(isatty(STDERR_FILENO) != 0),
      thread_([this](const std::stop_token& stopped) { keep_showing(stopped); }) {}

ProgressBar::~ProgressBar() {
    thread_.request_stop();
    thread_.join();
}

void ProgressBar::begin(const std::string& step, std::size_t number, std::size_t count) {
    const std::scoped_lock lock(mutex_);
    steps_.push_back(step);
    if (is_terminal_)
        show();
    else
        progress_.say(fmt::format("{} ({} of {})", step, number, count));
}

void ProgressBar::end(const std::string& step, double size) {
    const std::scoped_lock lock(mutex_);
    done_ += size;
    const auto found = std::find(steps_.begin(), steps_.end(), step);
    if (found != steps_.end())
        steps_.erase(found);
    if (is_terminal_)
        show();
}

void ProgressBar::show() {
    const auto passed =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_);
    progress_.say(bar_text(done_, total_, passed, steps_, terminal_width() - 1));
}

void ProgressBar::keep_showing(const std::stop_token& stopped) {
    std::unique_lock lock(mutex_);
    while (is_terminal_ && !stopped.stop_requested()) {
        wake_.wait_for(lock, stopped, std::chrono::seconds(1), [] { return false; });
        if (!stopped.stop_requested())
            show();
    }
}

} // namespace tool
