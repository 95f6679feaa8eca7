#pragma once
// The end of a run.

#include <cstdint>

namespace guest::power {

/// Prints the end line (shared/console.h) and powers off; `status` 0 is success.
[[noreturn]] void finish(std::uint8_t status);

} // namespace guest::power
