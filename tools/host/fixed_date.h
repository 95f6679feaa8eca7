#pragma once
// The date of all that is emulated: what depends on the host's clock does not repeat
// (docs/method.md, "Why counts repeat").

#include <cstdint>
#include <string>
#include <vector>

namespace tool {

/// 2000-01-01, as seconds since 1970.
inline constexpr std::uint32_t fixed_date = 946'684'800;

/// `command` under a clock that stands still at that date, but for the monotonic one (Debian's
/// libfaketime, found by its name in all architectures). By library and not by the command
/// faketime, which would stay between us and the child process.
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
