#pragma once
// From options to an image with Linux as the guest.

#include "tools/commands/options.h"
#include "tools/commands/progress.h"
#include "tools/image/boot_image.h"
#include "tools/linux/kernel_words.h"

#include <filesystem>

namespace tool {

struct LinuxFiles {
    std::filesystem::path kernel;
    std::filesystem::path initrd;
};

/// Those that the options name; else Debian's kernel, and a file system that is made in `folder`.
/// Throws Failure when one cannot be had, and Interrupted.
LinuxFiles choose_linux_files(const LinuxOptions& options, const std::filesystem::path& folder,
                              Progress& progress);

/// The image of monitor, ROM and these files. Throws Failure.
BootImage linux_image(const LinuxOptions& options, const LinuxFiles& files, abi::Profile profile,
                      const KernelOptions& kernel);

} // namespace tool
