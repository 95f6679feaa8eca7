#pragma once
// Deliberate crashes, for testing how they are diagnosed.

#include "guest/command_line.h"

namespace guest {

/// Crashes. Returns only for Crash::none, and for a crash that needs more processors than there
/// are.
void crash(Crash how);

} // namespace guest
