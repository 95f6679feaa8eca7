#pragma once
// The guest's console on the terminal.

#include "tools/console/console_reader.h"

#include <string_view>

namespace tool {

/// Writes a piece of the console: errors to standard error, all else to standard output. Lines for
/// programs are left out unless `is_verbose`.
void show_console(ConsoleReader::Kind kind, std::string_view text, bool is_verbose);

} // namespace tool
