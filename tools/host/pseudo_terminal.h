#pragma once
// A pseudo-terminal: what an emulator takes for a terminal or for the other end of a serial line.

#include "tools/host/file_descriptor.h"

#include <string>

namespace tool {

/// In raw mode. Our side stays readable until both objects that hold the other side are gone: this
/// one keeps it open, so that reading never fails before the emulator has opened it.
struct PseudoTerminal {
    FileDescriptor ours;
    FileDescriptor theirs;
    std::string name; ///< path of their side
};

/// Opens a terminal by name; bytes pass through it as they are. Throws Failure.
FileDescriptor open_raw_terminal(const std::string& name);

/// Throws Failure when the system gives none.
PseudoTerminal open_pseudo_terminal();

} // namespace tool
