#pragma once
// The ISO that GRUB boots: the monitor, the ROM, the guest and their command lines.

#include "tools/image/grub_config.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The name of the ISO in the folder that it is made in.
inline constexpr std::string_view boot_image_name = "boot.iso";

struct BootImage {
    std::filesystem::path monitor;
    std::filesystem::path rom;
    std::filesystem::path guest;
    bool is_linux = false;
    /// A file that the guest is given: Linux's initrd, or the module of a Multiboot kernel.
    std::optional<std::filesystem::path> module;
    MonitorOptions monitor_options;
    std::vector<std::string> guest_arguments;
};

/// Writes the image into `folder` and returns its path. Throws Failure when a file cannot be read
/// or grub-mkrescue fails.
std::filesystem::path make_boot_image(const BootImage& image, const std::filesystem::path& folder);

/// Writes the image to `file`, as OutputFile does. Throws Failure as above, or when `file` cannot
/// be written.
void save_boot_image(const BootImage& image, const std::filesystem::path& file);

/// Throws Failure unless `guest` is a file that can be read.
void require_readable_guest(const std::filesystem::path& guest);

} // namespace tool
