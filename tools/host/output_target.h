#pragma once
// What the name of an output file stands for.

#include <filesystem>
#include <optional>
#include <string_view>

namespace tool {

/// With neither of them the name itself is opened and written to: a device or a FIFO.
struct OutputTarget {
    std::optional<int> descriptor;  ///< an open one that this process has inherited (/dev/fd/N)
    std::filesystem::path replaced; ///< a regular file, which may not exist yet, without links
};

/// Throws Failure if `path` cannot be written, as far as can be told without opening a FIFO. `what`
/// is to be written there, for the message.
OutputTarget find_output_target(const std::filesystem::path& path, std::string_view what);

/// The folder that holds `path`.
std::filesystem::path folder_of(const std::filesystem::path& path);

} // namespace tool
