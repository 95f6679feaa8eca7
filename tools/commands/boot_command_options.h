#pragma once
// The options of the commands that boot a guest.

#include "tools/commands/options.h"

#include <CLI/App.hpp>

namespace tool {

/// Each adds a command to `application`, which fills in `options` when it parses.
void add_bench(CLI::App& application, BenchOptions& options);
void add_run(CLI::App& application, RunOptions& options);
void add_linux(CLI::App& application, LinuxOptions& options);

} // namespace tool
