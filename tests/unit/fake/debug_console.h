#pragma once
// What the monitor has written to the port that emulators pass on.

#include <cstdint>
#include <vector>

namespace test {

extern std::vector<std::uint8_t> debug_console;

} // namespace test
