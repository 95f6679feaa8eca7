#pragma once
// Linux as the guest: kernel, first file system, command line, and the image of all three.

#include "tools/commands/options.h"
#include "tools/host/progress.h"
#include "tools/image/boot_image.h"

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct KernelOptions {
    bool has_page_table_isolation;
    std::string programs; ///< for init to run, with commas between; empty: a shell
    std::string append;   ///< the user's own words, behind all others; empty: none
};

/// One word each. Throws Failure when `programs` has a blank in it.
std::vector<std::string> kernel_words(const KernelOptions& options);

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
