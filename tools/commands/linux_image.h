#pragma once
// From options to an image with Linux as the guest.

#include "tools/commands/options.h"
#include "tools/commands/progress.h"
#include "tools/image/boot_image.h"

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct LinuxFiles {
    std::filesystem::path kernel;
    std::filesystem::path initrd;
};

/// Those that the options name; else Debian's kernel, and a file system that is made in `folder`.
/// Throws Failure when one cannot be had, and Interrupted.
LinuxFiles choose_linux_files(const LinuxOptions& options, const std::filesystem::path& folder,
                              Progress& progress);

/// The image of monitor, ROM and these files, with the kernel's command line. Throws Failure.
BootImage linux_image(const LinuxOptions& options, const LinuxFiles& files, abi::Profile profile,
                      const std::vector<std::string>& words);

} // namespace tool
