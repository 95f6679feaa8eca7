#pragma once
// Putting a Linux kernel into the guest's memory, by its boot protocol (Linux,
// Documentation/x86/boot.rst, "64-bit boot protocol" and "32-bit boot protocol"; docs/linux.md).

#include "hypervisor/boot/loader/boot_area.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// Loads the bzImage `file`, a copy that place.loadable leaves out, moves the initrd to where the
/// kernel can use it, and fills the boot area. Ends the run with a message when the file cannot be
/// booted, or when something does not fit.
LoadedGuest load_linux(std::span<const std::uint8_t> file, std::string_view arguments,
                       const GuestPlace& place);

} // namespace hv
