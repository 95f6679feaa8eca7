#include "tools/commands/boot_progress.h"

#include <fmt/format.h>

namespace tool {
namespace {

constexpr std::chrono::seconds interval{10};

} // namespace

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
