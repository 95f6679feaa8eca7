#pragma once
// How Bochs is started.

#include "tools/machine/machine.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tool {

struct BochsFiles {
    std::filesystem::path image;    ///< the ISO
    std::string console;            ///< the pseudo-terminal that becomes COM1
    std::filesystem::path log;      ///< Bochs writes it
    std::filesystem::path settings; ///< to be written: its bochsrc
    std::filesystem::path debugger; ///< to be written: its debugger's commands
};

/// The bochsrc: everything fixed, so that two runs are the same to the instruction.
std::string bochs_settings(const Machine& machine, const BochsFiles& files);

/// Debian's Bochs shows the machine's screen on a pseudo-terminal that it opens itself: its name in
/// what Bochs prints at its start; nothing while that is not there yet.
std::optional<std::string> opened_screen(std::string_view printed);

/// Writes settings and debugger commands. Throws Failure when a file cannot be written.
Emulator prepare_bochs(const Machine& machine, const BochsFiles& files);

} // namespace tool
