#include "tools/host/pseudo_terminal.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

namespace tool {

FileDescriptor open_raw_terminal(const std::string& name) {
    FileDescriptor terminal(open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios attributes = {};
    if (!terminal.is_open() || tcgetattr(terminal.get(), &attributes) != 0)
        throw Failure(fmt::format("cannot open {}: {}", name, std::strerror(errno)));
    cfmakeraw(&attributes);
    tcsetattr(terminal.get(), TCSANOW, &attributes);
    return terminal;
}

PseudoTerminal open_pseudo_terminal() {
    PseudoTerminal terminal;
    terminal.ours = FileDescriptor(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    const int ours = terminal.ours.get();
    std::array<char, 64> name{};
    if (ours < 0 || grantpt(ours) != 0 || unlockpt(ours) != 0 ||
        ptsname_r(ours, name.data(), name.size()) != 0)
        throw Failure(fmt::format("cannot open a pseudo-terminal: {}", std::strerror(errno)));
    terminal.name = name.data();
    terminal.theirs = open_raw_terminal(terminal.name);
    const winsize size{.ws_row = 25, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(ours, TIOCSWINSZ, &size);
    return terminal;
}

} // namespace tool
