#pragma once
// `lazyhv linux`

#include "tools/commands/options.h"

namespace tool {

/// Boots a Linux kernel and returns its init's status, or measures it (linux_bench.h). Throws
/// Failure, also when the kernel panics, and Interrupted.
int boot_linux(const LinuxOptions& options);

} // namespace tool
