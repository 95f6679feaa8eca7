#pragma once
// The commands: `./lazyhv NAME`.

#include "tools/commands/options.h"

namespace tool {

/// Prints the table on standard output, writes the JSON file, returns 0. Throws Failure,
/// Interrupted.
int bench(const BenchOptions& options);

/// Becomes ninja, which builds the targets that the options name, or everything; or lists the
/// targets and returns 0. Throws Failure for a target that does not exist.
int build(const BuildOptions& options);

/// Returns 0 when `bench` can run here.
int doctor();

/// Returns the exit status: 0 when nothing crashed. Throws Failure for options that make no sense,
/// Interrupted once what was found has been said.
int fuzz(const FuzzOptions& options);

/// Boots a Linux kernel and returns its init's status, or measures it (--bench). Throws
/// Failure, also when the kernel panics, and Interrupted.
int boot_linux(const LinuxOptions& options);

/// Returns the status on the guest's end line. Throws Failure, Interrupted.
int run(const RunOptions& options);

/// Becomes ctest, or the script of the nested run or of Linux, whose exit status is then that of
/// the command. Throws Failure when that fails.
[[noreturn]] void test(const TestOptions& options);

} // namespace tool
