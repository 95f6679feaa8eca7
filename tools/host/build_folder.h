#pragma once
// Where this program was built, and from what.

#include <filesystem>

namespace tool {

/// Build folder: two levels above this program.
std::filesystem::path build_folder();

/// A file that the build makes: its path from the path relative to the build folder. Throws Failure
/// when it is not there.
std::filesystem::path built_file(const std::filesystem::path& relative);

/// The folder with the sources, as CMake's cache in the build folder names it. Throws Failure when
/// there is no such cache.
std::filesystem::path source_folder();

} // namespace tool
