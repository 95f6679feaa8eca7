#pragma once
// Copying a guest's file, and the file that it is given with it, to their places.

#include "hypervisor/boot/loader/boot_area.h"
#include "hypervisor/boot/loader/elf_image.h"

namespace hv {

/// Copies all segments of `file`, and zeroes what follows them. Ends the run with a message, before
/// anything is copied, when one does not fit, or overlaps the ROM window, the boot area or the
/// monitor.
void load_segments(std::span<const std::uint8_t> file, const ElfImage& image,
                   const GuestPlace& place);

/// Moves place.initrd to the highest page-aligned place below `limit` that overlaps none of
/// `taken`, and returns it; an empty range where there is none to move. To be called before
/// anything else is copied. Ends the run with a message when it does not fit.
PhysicalRange move_initrd(const GuestPlace& place, std::uint64_t limit,
                          std::span<const PhysicalRange> taken);

} // namespace hv
