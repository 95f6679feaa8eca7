#pragma once
// What apt-cache and ldd print, as far as it is needed. Pure.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The first package that another one depends on, of what `apt-cache depends` prints: for
/// linux-image-amd64 the kernel itself. Nothing when there is none.
std::optional<std::string> first_dependency(std::string_view text);

/// The files among what `ldd` prints: shared libraries and their loader. Throws Failure that names
/// a library which is not there.
std::vector<std::filesystem::path> library_files(std::string_view text);

} // namespace tool
