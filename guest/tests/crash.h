#pragma once
// Ways to end badly, for whoever tests the diagnosis of it.

#include "guest/command_line.h"

namespace guest {

/// Crash::none returns, and what one processor cannot do; the others do not.
void crash(Crash how);

} // namespace guest
