#include "tools/console/user_terminal.h"

#include "tools/host/standard_streams.h"

#include <cstdio>
#include <unistd.h>

namespace tool {

void show_console(ConsoleReader::Kind kind, std::string_view text, bool is_verbose) {
    if (kind == ConsoleReader::Kind::program && !is_verbose)
        return;
    if (kind == ConsoleReader::Kind::error) {
        say(text);
        return;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    require_output_written();
}

RawTerminal::RawTerminal() {
    // A command in the background would be stopped if it changed the terminal.
    if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before_) != 0)
        return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL);
    is_changed_ = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

RawTerminal::~RawTerminal() {
    if (is_changed_)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

} // namespace tool
