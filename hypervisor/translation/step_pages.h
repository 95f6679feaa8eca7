#pragma once
// Private paths to pages. A vCPU that runs one instruction on copies of pages uses copies of the
// four tables that lead to each of them, so that no other vCPU finds the pages writable.

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/x86/paging_mode.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hv {

/// A copy of a page.
struct alignas(page_size) PageImage {
    alignas(page_size) std::array<std::uint8_t, page_size> now;    ///< the copy that is written
    alignas(page_size) std::array<std::uint8_t, page_size> before; ///< what the page held
};

/// The pages that one instruction can write: a store that crosses a page writes two.
inline constexpr std::size_t step_page_limit = 2;

/// Each vCPU has its own, in the monitor's memory.
struct alignas(page_size) StepPages {
    using Table = std::array<std::uint64_t, paging::entries>;
    Table root;
    /// The other tables of each path, that of the highest level first.
    std::array<std::array<Table, FourLevelPaging::levels - 1>, step_page_limit> path;
    std::array<PageImage, step_page_limit> images;
};
static_assert(sizeof(StepPages) == (1 + 3 * 2 + 2 * 2) * page_size);

/// A page that a path leads to: its address, by which the tables translate it, and its image.
struct SteppedPage {
    std::uint64_t address;
    std::size_t image; ///< index in StepPages::images
};

/// The table at which a path begins: of page tables, or of EPT.
struct PathRoot {
    std::uint64_t address; ///< physical
    int level;             ///< 3 under PAE paging, whose root holds pointers without rights; else 4
};

/// Copies the tables that lead from `root` to the 4 KiB pages into `pages`, and has the copies lead
/// to the images instead. Each entry on the paths then allows writing; the last ones also get
/// `leaf_bits`. Returns the physical address of the root's copy; 0 when nothing, or a large page,
/// is mapped at one of the addresses.
std::uint64_t lead_to_images(StepPages& pages, PathRoot root, std::span<const SteppedPage> stepped,
                             std::uint64_t leaf_bits);

/// Has the copied root of page tables forbid every fetch. The processor's EFER.NXE must be set.
void forbid_fetches(StepPages& pages);

} // namespace hv
