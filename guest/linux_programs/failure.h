#pragma once
// Failures of a test program.

namespace linux_guest {

/// Prints on standard error what is wrong, and ends the process with status 1.
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char* format, ...);

/// The same, followed by the reason in errno: "fork: Resource temporarily unavailable".
[[noreturn]] void fail_with_errno(const char* what);

} // namespace linux_guest
