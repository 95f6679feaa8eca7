#pragma once
// What goes wrong in a test program.

namespace linux_guest {

/// Says on standard error what is wrong, and ends the process with status 1.
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char* format, ...);

/// The same with the reason in errno behind it: "fork: Resource temporarily unavailable".
[[noreturn]] void fail_with_errno(const char* what);

} // namespace linux_guest
