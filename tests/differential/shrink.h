#pragma once
// A shorter sequence that fails, too.

#include "tests/differential/operation.h"

#include <functional>

namespace differential {

/// Drops operations from a sequence, and repetitions, as long as `fails` says true of what is left.
Sequence shrink(Sequence sequence, const std::function<bool(const Sequence&)>& fails);

/// What `check` says, in a child process: whatever it does to memory is undone, and a crash counts
/// as a failure.
bool fails_in_child(const std::function<bool()>& check);

} // namespace differential
