#pragma once
// The command line of lazyhv.

#include "tools/commands/options.h"

#include <variant>

namespace tool {

struct DoctorOptions {};

/// What was asked for, or, when the command line ends it all (--help, or a mistake, both of which
/// have been printed), the exit status.
using Request = std::variant<int, BuildOptions, RunOptions, LinuxOptions, BenchOptions, TestOptions,
                             FuzzOptions, DoctorOptions>;

Request parse_command_line(int argument_count, char** arguments);

} // namespace tool
