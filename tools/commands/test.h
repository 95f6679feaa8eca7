#pragma once
// `lazyhv test`: the whole suite, or the nested run, or Linux as the guest.

#include "tools/commands/options.h"

namespace tool {

/// Becomes ctest, or the script of the nested run or of Linux, whose exit status is then that of
/// the command. Throws Failure when that fails.
[[noreturn]] void test(const TestOptions& options);

} // namespace tool
