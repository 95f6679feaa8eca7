#pragma once
// COM1 and the end of the run.

#include <cstdint>
#include <string_view>

namespace guest::i386 {

void print(std::string_view text);
void print_hex(std::uint32_t value);
/// Prints the text and ends the run with status 1.
[[noreturn]] void fail(std::string_view what);
/// Fails with the text if `condition` is false.
inline void expect(bool condition, std::string_view what) {
    if (!condition)
        fail(what);
}
/// Ends the run by port 0xF4.
[[noreturn]] void end(std::uint8_t status);

} // namespace guest::i386
