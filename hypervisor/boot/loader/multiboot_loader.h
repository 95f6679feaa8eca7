#pragma once
// Putting a Multiboot kernel into the guest's memory, with the information that the Multiboot
// specification 0.6.96 promises it (section 3.3).

#include "hypervisor/boot/loader/boot_area.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// What a kernel finds in EAX (3.2).
inline constexpr std::uint32_t multiboot_loader_magic = 0x2BADB002;

/// Loads `file`, a copy that place.loadable leaves out, and fills the boot area: memory map,
/// command line ("guest" and the arguments), and place.initrd as the only module. Ends the run with
/// a message when the file cannot be booted, or when something does not fit.
LoadedGuest load_multiboot(std::span<const std::uint8_t> file, std::string_view arguments,
                           const GuestPlace& place);

} // namespace hv
