#pragma once
// The fake's TSC, which stands still unless a test says otherwise.

#include <cstdint>

namespace hv::test {

inline std::uint64_t time_stamp = 0;
/// By how much each reading of it moves it on.
inline std::uint64_t ticks_a_reading = 0;

} // namespace hv::test
