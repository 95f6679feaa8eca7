#pragma once
// The date in every emulated machine. Counts that depend on the host's clock would not repeat
// (docs/method.md, "Why counts repeat").

#include <cstdint>
#include <string>
#include <vector>

namespace tool {

/// 2000-01-01, as seconds since 1970.
inline constexpr std::uint32_t fixed_date = 946'684'800;

/// Wraps `command` so that all its clocks but the monotonic one stand still at that date. Uses
/// Debian's libfaketime directly (the dynamic linker fills in $LIB) and not the command faketime,
/// which would remain as a process between us and the program.
inline std::vector<std::string> at_fixed_date(const std::vector<std::string>& command) {
    std::vector<std::string> words{"env",
                                   "TZ=UTC",
                                   "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1",
                                   "FAKETIME=2000-01-01 00:00:00",
                                   "FAKETIME_DONT_FAKE_MONOTONIC=1",
                                   "SOURCE_DATE_EPOCH=" + std::to_string(fixed_date)};
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

} // namespace tool
