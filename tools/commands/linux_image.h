#pragma once
// Linux as the guest: its kernel, first file system and command line, and the image with all three.

#include "tools/commands/options.h"
#include "tools/host/progress.h"
#include "tools/image/boot_image.h"

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct KernelOptions {
    bool has_page_table_isolation;
    std::string programs; ///< for init to run, separated by commas; empty: a shell
    std::string append;   ///< the user's own words, after all others; empty: none
};

/// The kernel's command line, as single words. Throws Failure if `programs` contains a blank.
std::vector<std::string> kernel_words(const KernelOptions& options);

struct LinuxFiles {
    std::filesystem::path kernel;
    std::filesystem::path initrd;
};

/// The files that the options name. Without options: Debian's kernel, and a file system that is
/// created in `folder`. Throws Failure if one of them is not available, and Interrupted.
LinuxFiles choose_linux_files(const LinuxOptions& options, const std::filesystem::path& folder,
                              Progress& progress);

/// The image with the monitor, the ROM and these files. `words` is the kernel's command line.
/// Throws Failure.
BootImage linux_image(const LinuxOptions& options, const LinuxFiles& files, abi::Profile profile,
                      const std::vector<std::string>& words);

} // namespace tool
