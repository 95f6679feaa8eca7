#pragma once
// The user's terminal as the guest's console: what is shown there, and how it is typed on.

#include "tools/console/console_reader.h"

#include <string_view>
#include <termios.h>

namespace tool {

/// Shows a portion of the console: errors on standard error, everything else on standard output.
/// Lines for programs are left out unless `is_verbose`. Throws Failure when standard output takes
/// no more, and Interrupted.
void show_console(ConsoleReader::Kind kind, std::string_view text, bool is_verbose);

/// While an object exists, what is typed on standard input arrives at once, and only the guest
/// echoes it. Ctrl-C still ends the command. Does nothing if standard input is not a terminal, or
/// if the command runs in the background.
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
