#pragma once
// Typing into another machine's terminal.

#include <termios.h>

namespace tool {

/// As long as it lives, what is typed on standard input comes at once, and the other side alone
/// echoes it. Ctrl-C still ends the command. Does nothing where standard input is no terminal of
/// ours.
class RawTerminal {
  public:
    RawTerminal();
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

  private:
    bool is_changed_ = false;
    termios before_{};
};

} // namespace tool
