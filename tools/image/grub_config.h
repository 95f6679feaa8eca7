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
    abi::Profile profile;
    abi::Interface interface;
    /// Memory for shadow page tables; nothing: as the monitor decides.
    std::optional<std::uint32_t> shadow_kibibytes;
    /// Whether it owns the guest's descriptor tables on classic and hardened; nothing: as the
    /// monitor decides.
    std::optional<bool> protects_descriptors = std::nullopt;
};

/// "profile=classic interface=lazy shadow=2048 protect=0".
std::string monitor_command_line(const MonitorOptions& options);

/// One argument as GRUB's script language takes it literally. Throws Failure for an argument with a
/// line break or a NUL, which has no place on a command line.
std::string quote_for_grub(std::string_view argument);

/// What the guest is, and with that which files it has.
enum class GuestKind {
    elf,          ///< one ELF file
    linux_kernel, ///< a Linux kernel and its first file system
};

/// grub.cfg that loads monitor, ROM and guest and says on COM1 whether that went well
/// (console/console_reader.h). `arguments` are the guest's.
std::string grub_config(const MonitorOptions& monitor, const std::vector<std::string>& arguments,
                        GuestKind kind);

/// Where the files lie in the image.
inline constexpr std::string_view monitor_in_image = "/boot/lazyhv.elf";
inline constexpr std::string_view rom_in_image = "/boot/vmi.rom";
inline constexpr std::string_view guest_in_image = "/boot/guest.elf";
inline constexpr std::string_view kernel_in_image = "/boot/vmlinuz";
inline constexpr std::string_view initrd_in_image = "/boot/initrd";
inline constexpr std::string_view config_in_image = "/boot/grub/grub.cfg";

} // namespace tool
