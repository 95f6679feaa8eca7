#pragma once
// How Bochs is started, and its CPU models.

#include "tools/machine/machine.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

inline constexpr std::string_view default_cpu_model = "corei7_haswell_4770";

/// The names of CPU models in the output of `bochs --help cpu`.
std::vector<std::string> parse_cpu_models(std::string_view help);

/// Throws Failure unless `model` is one of `known`. The message lists the models with VT-x and EPT.
void require_known_cpu_model(std::string_view model, const std::vector<std::string>& known);

struct BochsFiles {
    std::filesystem::path image;    ///< the ISO to boot
    std::string console;            ///< the pseudo-terminal that becomes COM1
    std::filesystem::path log;      ///< written by Bochs
    std::filesystem::path settings; ///< Bochs's bochsrc, which prepare_bochs writes
    std::filesystem::path debugger; ///< commands for Bochs's debugger, which prepare_bochs writes
};

/// The text of the bochsrc. Everything in it is fixed, so that two runs are the same to the
/// instruction.
std::string bochs_settings(const Machine& machine, const BochsFiles& files);

/// Debian's Bochs shows the machine's screen on a pseudo-terminal that it opens itself, and prints
/// its name when it starts. Returns that name from what has been `printed` so far; nothing if it is
/// not there yet.
std::optional<std::string> opened_screen(std::string_view printed);

/// Whether Bochs's log says that it ended because something wrote abi::bochs_exit_word to its port.
bool was_shut_down(std::string_view log);

/// Writes the settings and the debugger's commands; returns how to start Bochs. Throws Failure when
/// a file cannot be written.
Emulator prepare_bochs(const Machine& machine, const BochsFiles& files);

} // namespace tool
