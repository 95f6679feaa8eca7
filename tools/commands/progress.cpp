#include "tools/commands/progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace tool {
namespace {

/// Back to the first column, and clear to the end of the line (ECMA-48).
constexpr std::string_view clear_line = "\r\x1b[K";

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

} // namespace tool
