#pragma once
// The kernel and the first file system of Linux as a guest.

#include "tools/commands/progress.h"

#include <filesystem>

namespace tool {

/// Debian's stock kernel, from its package. Throws Failure and Interrupted as package_folder does.
std::filesystem::path debian_kernel(Progress& progress);

/// Makes, in `folder`, a file system with the programs of guest/linux_programs/ that are built
/// beside this one, and with busybox and hackbench from their packages, and returns its path.
/// Throws Failure and Interrupted.
std::filesystem::path make_initrd(const std::filesystem::path& folder, Progress& progress);

/// Throws Failure unless `kernel` is a file that can be read and has the header of a Linux kernel
/// that boot loaders load (bzImage).
void require_linux_kernel(const std::filesystem::path& kernel);

} // namespace tool
