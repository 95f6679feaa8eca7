#pragma once
// The first file system of a Linux kernel (initramfs).

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct InitramfsFile {
    std::string path;             ///< in the image, without a leading "/"
    std::filesystem::path source; ///< on the host; links are followed
};

/// Writes `files` and their parent folders to `image`, as an uncompressed cpio archive of the kind
/// that the kernel reads ("newc"). Everything belongs to root and is executable, and all times are
/// fixed, so that the same files give the same archive. Throws Failure when a file cannot be read
/// or written, or when a path occurs twice.
void write_initramfs(const std::filesystem::path& image, std::vector<InitramfsFile> files);

} // namespace tool
