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

/// The names in what `bochs --help cpu` prints.
std::vector<std::string> parse_cpu_models(std::string_view help);

/// Throws Failure, with the models that have VT-x and EPT, unless `model` is one of `known`.
void require_known_cpu_model(std::string_view model, const std::vector<std::string>& known);

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
