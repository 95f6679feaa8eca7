#pragma once
// Ends a kernel that cannot go on: a readable dump, then status 1.

#include "guest/kernel/interrupts/frame.h"

namespace guest {

/// Prints what is wrong and ends the run.
[[noreturn]] void panic(const char* what);

/// For an exception that nothing handles: dumps the interrupted state and ends the run.
[[noreturn]] void panic(const InterruptFrame& frame);

} // namespace guest
