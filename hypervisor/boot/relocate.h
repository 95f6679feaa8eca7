#pragma once
// Moving the monitor's image to the top of memory, under page tables of its own.

#include "hypervisor/memory/memory_map.h"
#include "hypervisor/memory/page_allocator.h"

#include <cstdint>

namespace hv {

/// Copies the image to the start of `home`, builds page tables that map it where it is linked (text
/// read-execute, constants read-only, data read-write) and all memory below `memory_end` at the
/// direct map (read-write, never executable), and runs on them. Returns what is left of `home`.
/// Ends the run when `home` is too small.
PageAllocator move_to(const PhysicalRange& home, std::uint64_t memory_end);

/// Maps a page below 1 MiB where it lies, executable, for processors that start there; until
/// `unmap`.
void map_start_page(PageAllocator& pages, std::uint64_t physical);
void unmap_start_page();

/// Bytes of the image, data included.
std::uint64_t image_size();

} // namespace hv
