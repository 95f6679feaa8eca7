#pragma once
// Writes results to a file: completely or not at all.

#include <filesystem>
#include <string_view>

namespace tool {

/// Throws Failure unless `path` can become a file: its folder exists and is writable, and `path`
/// itself is not a folder. To be called before a long measurement whose results could not be
/// written.
void require_result_folder(const std::filesystem::path& path);

/// Replaces `path` by a file with `text` in one step: the old file stays as it is until all of the
/// new one is safely on the disk. Throws Failure when that fails, and leaves no partial file.
void write_result_file(const std::filesystem::path& path, std::string_view text);

} // namespace tool
