#pragma once
// What a long command is doing, on standard error.

#include <mutex>
#include <string>

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

} // namespace tool
