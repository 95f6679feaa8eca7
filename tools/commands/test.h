#pragma once
// `lazyhv test`: the whole suite.

#include "tools/commands/options.h"

namespace tool {

/// Becomes ctest, whose exit status is then that of the command. Throws Failure when that fails.
[[noreturn]] void test(const TestOptions& options);

} // namespace tool
