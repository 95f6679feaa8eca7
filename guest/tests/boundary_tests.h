#pragma once
// An interrupt at each instruction boundary of each path through the ROM: the command line's
// `test=boundaries`. On one processor.

namespace guest::tests {

/// Prints how many boundaries were tried, and at which of the ROM's instructions. Returns true if
/// the order of executed entries and the state were the model's everywhere.
bool run_boundary_tests();

} // namespace guest::tests
