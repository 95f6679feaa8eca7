#pragma once
// The user's terminal as the guest's console: what is shown there, and what is typed.

#include "tools/console/console_reader.h"

#include <string_view>
#include <termios.h>

namespace tool {

/// Writes a piece of the console: errors to standard error, all else to standard output. Lines for
/// programs are left out unless `is_verbose`.
void show_console(ConsoleReader::Kind kind, std::string_view text, bool is_verbose);

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
