#pragma once
// Results on disk: all or nothing.

#include <filesystem>
#include <string_view>

namespace tool {

/// Throws Failure unless `path` can be a file: its folder is there, and it is no folder itself. To
/// be called before results are measured at length for a file that cannot be written.
void require_result_folder(const std::filesystem::path& path);

/// Replaces `path` by a file with `text`, in one step: until all of it is safely on the disk, the
/// old file stays as it is. Throws Failure when that fails; nothing is left behind then.
void write_result_file(const std::filesystem::path& path, std::string_view text);

} // namespace tool
