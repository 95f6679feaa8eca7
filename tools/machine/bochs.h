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

/// Bochs runs in the folder that has these files and the image (boot_image_name), and is told their
/// names without it: its settings cannot express every path.
inline constexpr std::string_view log_name = "emulator.log"; ///< written by Bochs
inline constexpr std::string_view settings_name = "bochsrc";
inline constexpr std::string_view debugger_name = "debugger"; ///< commands for Bochs's debugger

/// The text of the bochsrc. `console` is the pseudo-terminal that becomes COM1. Everything else is
/// fixed, so that two runs are the same to the instruction.
std::string bochs_settings(const Machine& machine, std::string_view console);

/// Debian's Bochs shows the machine's screen on a pseudo-terminal that it opens itself, and prints
/// its name when it starts. Returns that name from what has been `printed` so far; nothing if it is
/// not there yet.
std::optional<std::string> opened_screen(std::string_view printed);

/// Whether Bochs's log says that it ended because something wrote abi::bochs_exit_word to its port.
bool was_shut_down(std::string_view log);

/// Writes the settings and the debugger's commands into `folder`; returns how to start Bochs there.
/// Throws Failure when a file cannot be written.
Emulator prepare_bochs(const Machine& machine, std::string_view console,
                       const std::filesystem::path& folder);

} // namespace tool
