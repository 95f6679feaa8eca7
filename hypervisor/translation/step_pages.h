#pragma once
// A private path to one page. A vCPU that runs one instruction on a copy of a page uses copies of
// the four tables that lead to the page, so that no other vCPU finds the page writable.

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/x86/paging_mode.h"

#include <array>
#include <cstdint>

namespace hv {

/// Each vCPU has its own, in the monitor's memory.
struct alignas(page_size) StepPages {
    using Table = std::array<std::uint64_t, paging::entries>;
    std::array<Table, FourLevelPaging::levels> table;              ///< the root first
    alignas(page_size) std::array<std::uint8_t, page_size> image;  ///< the copy the guest writes
    alignas(page_size) std::array<std::uint8_t, page_size> before; ///< what the page held
};
static_assert(sizeof(StepPages) == 6 * page_size);

/// Copies the tables that lead from `root` (physical; of page tables or of EPT) to the 4 KiB page
/// at `address` into `pages`, and has the copies lead to `image` instead of that page. Each entry
/// on the path then allows writing; the last one also gets `leaf_bits`. Returns the physical
/// address of the root's copy; 0 when nothing, or a large page, is mapped there.
std::uint64_t lead_to_image(StepPages& pages, std::uint64_t root, std::uint64_t address,
                            std::uint64_t leaf_bits);

} // namespace hv
