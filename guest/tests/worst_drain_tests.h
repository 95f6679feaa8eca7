#pragma once
// Rings that keep the monitor busy as long as possible: the command line's `test=worst-drain`.

namespace guest::tests {

/// Prints for each kind of ring how long the monitor ran between two moments at which the guest
/// takes interrupts, at most. True if every ring was executed to its end.
bool run_worst_drain_tests();

} // namespace guest::tests
