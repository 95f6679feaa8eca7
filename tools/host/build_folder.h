#pragma once
// The folder in which this program was built, and the folder with its sources.

#include <filesystem>

namespace tool {

/// The build folder: the parent of the folder with this program (tools/lazyhv).
std::filesystem::path build_folder();

/// The absolute path of a file that the build creates, from its path in the build folder. Throws
/// Failure if the file does not exist.
std::filesystem::path built_file(const std::filesystem::path& relative);

/// The folder with the sources, which CMake's cache in the build folder names. Throws Failure if
/// there is no such cache.
std::filesystem::path source_folder();

} // namespace tool
