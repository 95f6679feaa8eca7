#pragma once
// Where this program was built, and from what.

#include <filesystem>

namespace tool {

/// Build folder: two levels above this program.
std::filesystem::path build_folder();

/// The folder with the sources, as CMake's cache in the build folder names it. Throws Failure when
/// there is no such cache.
std::filesystem::path source_folder();

} // namespace tool
