#pragma once
// The commands: `./lazyhv NAME`.

#include "tools/commands/options.h"

namespace tool {

/// Boots every combination of profile and interface, prints the tables, and writes the JSON file.
/// Returns 0. Throws Failure and Interrupted.
int bench(const BenchOptions& options);

/// Becomes ninja, which builds the targets that the options name, or everything; or lists the
/// targets and returns 0. Throws Failure for a target that does not exist.
int build(const BuildOptions& options);

/// Compares two files that bench --json wrote, and prints what changed. Returns the exit status: 1
/// if a counter got worse by more than its tolerance, or if a benchmark is no longer there. Throws
/// WrongUsage for a file that cannot be read and for a tolerance that makes no sense.
int compare(const CompareOptions& options);

/// Prints what this host has and what it lacks. Returns 0 if `bench` can run here.
int doctor();

/// Runs the fuzzer's targets, or one of them with a single input. Returns the exit status: 0 if
/// nothing crashed. Throws Failure for options that do not fit together, and Interrupted after it
/// has reported what was found.
int fuzz(const FuzzOptions& options);

/// Runs random cases on the bare machine and under each profile, and prints each case that ends
/// differently, made as small as possible. Returns the exit status: 0 if there is none. Throws
/// Failure and Interrupted.
int fidelity(const FidelityOptions& options);

/// Looks for the VM exit in which the monitor works longest, or repeats one case. Returns the exit
/// status: 1 if one took longer than the bound. Throws Failure, and Interrupted after it has
/// printed what was found.
int longest_exit(const LongestExitOptions& options);

/// Boots a Linux kernel and returns the status of its init, or measures it (--bench). Throws
/// Failure, also when the kernel panics, and Interrupted.
int boot_linux(const LinuxOptions& options);

/// Writes the HTML page about files that bench --json wrote. Returns 0. Throws Failure, and
/// WrongUsage for a file that cannot be read.
int report(const ReportOptions& options);

/// Boots one guest, with its console on the terminal. Returns the status on its end line. Throws
/// Failure and Interrupted.
int run(const RunOptions& options);

/// Carries out another command, `run`, `bench` or `linux`, and writes down every VM exit of its
/// runs. Returns that command's status. Throws Failure and Interrupted.
int trace(const TraceOptions& options);

/// Runs ctest, prints a line for each test, and returns ctest's status; or becomes the script of
/// the nested run or of the Linux matrix. Throws Failure when that fails, and Interrupted.
int test(const TestOptions& options);

} // namespace tool
