#pragma once
// Putting a guest of lazyhv's own kind into its memory: an ELF file and its start information
// (docs/guests.md).

#include "hypervisor/boot/loader/boot_area.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// Loads `file`, a copy outside all of the guest's segments, and fills the boot area. Ends the run
/// with a message when the file is not a guest, does not fit, or overlaps the ROM window, the boot
/// area or the monitor.
LoadedGuest load_guest(std::span<const std::uint8_t> file, std::string_view arguments,
                       const GuestPlace& place);

} // namespace hv
