#pragma once
// The end of a kernel that cannot go on: a readable dump, then status 1.

#include "guest/kernel/interrupts/frame.h"

namespace guest {

/// Says what is wrong and ends the run.
[[noreturn]] void panic(const char* what);

/// An exception nobody handles: dumps the interrupted state and ends the run.
[[noreturn]] void panic(const InterruptFrame& frame);

} // namespace guest
