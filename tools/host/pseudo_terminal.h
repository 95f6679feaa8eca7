#pragma once
// A pseudo-terminal, which an emulator uses as its terminal or as the far end of a serial line.

#include "tools/host/file_descriptor.h"

#include <string>

namespace tool {

/// A pseudo-terminal in raw mode. Reading from our side fails only if nobody has the other side
/// open; this object keeps it open, so that reading does not fail before the emulator opens it.
struct PseudoTerminal {
    FileDescriptor ours;
    FileDescriptor theirs;
    std::string name; ///< path of their side
};

/// Opens a terminal by name and sets it to raw mode: bytes pass through it unchanged. Throws
/// Failure.
FileDescriptor open_raw_terminal(const std::string& name);

/// Throws Failure when the system has none left.
PseudoTerminal open_pseudo_terminal();

} // namespace tool
