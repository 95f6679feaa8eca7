#pragma once
// Completion of the command line in shells. The scripts are made of the commands and options as
// they are declared, so they cannot miss one.

#include <CLI/App.hpp>

#include <array>
#include <string>
#include <string_view>

namespace tool {

inline constexpr std::array completed_shells{"bash", "zsh", "fish"};

/// The script for one of `completed_shells`. It completes commands, options, and the values of
/// those options that take one of a few words; other words are completed as names of files.
std::string completion_script(const CLI::App& application, std::string_view shell);

} // namespace tool
