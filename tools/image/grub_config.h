#pragma once
// The GRUB configuration of a bootable image, and in it the command line of the monitor.

#include "shared/profile.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct MonitorOptions {
    abi::Profile profile = {};
    abi::Interface interface = {};
    /// Memory for shadow page tables. Not given: the monitor decides.
    std::optional<std::uint32_t> shadow_kibibytes;
    /// Whether the monitor owns the guest's descriptor tables on classic and hardened. Not given:
    /// the monitor decides.
    std::optional<bool> protects_descriptors = std::nullopt;
    bool traces = false; ///< the monitor says of each exit what it was
};

/// The monitor's command line: "profile=classic interface=lazy shadow=2048 protect=0".
std::string monitor_command_line(const MonitorOptions& options);

/// Quotes an argument so that GRUB's script language takes it literally. Throws Failure for an
/// argument with a line break or a NUL, which a command line cannot contain.
std::string quote_for_grub(std::string_view argument);

/// What the guest consists of.
struct GuestFiles {
    bool is_linux = false;   ///< or else an ELF file, or a Multiboot kernel
    bool has_module = false; ///< a file that the guest itself is given; for Linux, the initrd
};

/// The text of grub.cfg. GRUB loads monitor, ROM and guest, and prints on COM1 whether it could
/// (console/console_reader.h). `arguments` are the guest's.
std::string grub_config(const MonitorOptions& monitor, const std::vector<std::string>& arguments,
                        GuestFiles files);

/// Paths of the files in the image.
inline constexpr std::string_view monitor_in_image = "/boot/lazyhv.elf";
inline constexpr std::string_view rom_in_image = "/boot/vmi.rom";
inline constexpr std::string_view guest_in_image = "/boot/guest.elf";
inline constexpr std::string_view kernel_in_image = "/boot/vmlinuz";
/// The module's, whatever the guest is.
inline constexpr std::string_view initrd_in_image = "/boot/initrd";
inline constexpr std::string_view config_in_image = "/boot/grub/grub.cfg";

} // namespace tool
