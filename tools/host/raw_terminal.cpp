#include "tools/host/raw_terminal.h"

#include <unistd.h>

namespace tool {

RawTerminal::RawTerminal() {
    // In the background a change would stop the command.
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
