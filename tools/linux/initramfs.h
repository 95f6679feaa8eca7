#pragma once
// The first file system of a Linux kernel.

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct InitramfsFile {
    std::string path;             ///< in the image, without "/" at its beginning
    std::filesystem::path source; ///< on the host; a link is followed
};

/// Writes an uncompressed cpio archive of the kind that the kernel reads ("newc"), with the folders
/// that the files are in. All belongs to root, all is executable, and times are fixed: the same
/// files give the same archive. Throws Failure when a file cannot be read or written, or a path is
/// given twice.
void write_initramfs(const std::filesystem::path& image, std::vector<InitramfsFile> files);

} // namespace tool
