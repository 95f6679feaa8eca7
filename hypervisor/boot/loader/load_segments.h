#pragma once
// Copying the segments of a guest's file to their places.

#include "hypervisor/boot/loader/boot_area.h"
#include "hypervisor/boot/loader/elf_image.h"

namespace hv {

/// Copies all segments of `file`, and zeroes what follows them. Ends the run with a message, before
/// anything is copied, when one does not fit, or overlaps the ROM window, the boot area or the
/// monitor.
void load_segments(std::span<const std::uint8_t> file, const ElfImage& image,
                   const GuestPlace& place);

} // namespace hv
