#pragma once
// The command line of lazyhv.

#include "tools/commands/options.h"

#include <variant>

namespace tool {

struct DoctorOptions {};

/// The options of the command that was given; or the exit status, after --help or a mistake, for
/// which the help or the error has already been printed.
using Request = std::variant<int, BuildOptions, RunOptions, LinuxOptions, BenchOptions, TestOptions,
                             FuzzOptions, FidelityOptions, LongestExitOptions, CompareOptions,
                             ReportOptions, DoctorOptions, TraceOptions>;

Request parse_command_line(int argument_count, char** arguments);

} // namespace tool
