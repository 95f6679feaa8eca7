#pragma once
// The end of an emulator's log, for a message.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace tool {

/// The last `count` lines of `text` that are not empty, without the line feed at the very end.
std::string last_lines(std::string_view text, std::size_t count);

/// The whole file; "" when it cannot be read.
std::string read_log(const std::filesystem::path& path);

} // namespace tool
