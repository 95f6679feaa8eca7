#pragma once
// The command line's `test=differential`.

namespace guest::tests {

/// Some thousands of sequences on each processor. Prints a line that begins with "@differential":
/// processors, sequences, operations, and entries that the monitor drained meanwhile. Returns true
/// if every sequence ended alike both times.
bool run_differential_test();

} // namespace guest::tests
