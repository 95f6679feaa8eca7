#pragma once
// Files of Debian packages that are not installed: downloaded once, and kept in the build folder.

#include "tools/host/progress.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The first dependency in the output of `apt-cache depends`. For linux-image-amd64 that is the
/// package of the kernel itself. Nothing if there is no dependency.
std::optional<std::string> first_dependency(std::string_view text);

/// The files in the output of `ldd`: shared libraries and their loader. Throws Failure if a library
/// is missing; the message names it.
std::vector<std::filesystem::path> library_files(std::string_view text);

struct Package {
    std::string_view name;
    /// The package has no files itself: its first dependency has them.
    bool is_meta;
    /// The files to take out of it: a path with wildcards, as tar understands them.
    std::string_view files;
};

/// The folder with the files of the package, with the paths that they would have below "/". If the
/// folder does not exist yet, the package is downloaded with apt-get, and `progress` says so.
/// Throws Failure when that is impossible, and Interrupted; in both cases no partial folder is
/// left.
std::filesystem::path package_folder(const Package& package, Progress& progress);

} // namespace tool
