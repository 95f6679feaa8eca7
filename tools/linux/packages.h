#pragma once
// Files of Debian packages that are not installed: downloaded once, and kept in the build folder.

#include "tools/host/progress.h"

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

struct Package {
    std::string_view name;
    /// The name is that of a package without files, which depends on the one that has them.
    bool is_meta;
    /// What is taken out of it: a path with wildcards, as tar understands them.
    std::string_view files;
};

/// The folder with the files of the package, below it as they would be below "/". When they are not
/// there yet, they are downloaded with apt-get, which is said on the way. Throws Failure when that
/// is impossible, and Interrupted; then nothing is left behind.
std::filesystem::path package_folder(const Package& package, Progress& progress);

} // namespace tool
