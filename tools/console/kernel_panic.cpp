#include "tools/console/kernel_panic.h"

#include <string_view>

namespace tool {
namespace {

/// With what went wrong behind it; the kernel's time may stand before it.
constexpr std::string_view beginning = "Kernel panic - not syncing: ";
/// Lines are looked at to this length.
constexpr std::size_t max_line = 4096;

} // namespace

void KernelPanic::take(char byte) {
    if (message_)
        return;
    if (byte != '\n') {
        if (byte != '\r' && line_.size() < max_line)
            line_ += byte;
        return;
    }
    if (const std::size_t found = line_.find(beginning); found != std::string::npos)
        message_ = line_.substr(found);
    line_.clear();
}

} // namespace tool
