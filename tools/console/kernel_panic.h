#pragma once
// Finds a Linux kernel's last words on the console.

#include <optional>
#include <string>

namespace tool {

/// Fed with all bytes of a console.
class KernelPanic {
  public:
    void take(char byte);

    /// "Kernel panic - not syncing: ..." to the end of the line, of the first one there was.
    /// Without the end it waits for that.
    [[nodiscard]] const std::optional<std::string>& message() const { return message_; }

  private:
    std::string line_;
    std::optional<std::string> message_;
};

} // namespace tool
