#pragma once
// A private way to one page: a vCPU that runs one instruction on a copy of a page uses copies of
// the four tables that lead to it, so that no other vCPU sees the page open.

#include "hypervisor/memory/direct_map.h"

#include <array>
#include <cstdint>

namespace hv {

/// A vCPU's own, all in the monitor's memory; 8-byte aligned pages.
struct alignas(page_size) StepPages {
    std::array<std::array<std::uint64_t, 512>, 4> table;           ///< the root first
    alignas(page_size) std::array<std::uint8_t, page_size> image;  ///< the copy the guest writes
    alignas(page_size) std::array<std::uint8_t, page_size> before; ///< what the page held
};
static_assert(sizeof(StepPages) == 6 * page_size);

/// Copies the tables that lead from `root` (physical; page tables or EPT, which have the same
/// shape) to `address`, up to a 4 KiB page, and has the copies lead to `image` instead. They allow
/// to write; the last entry also gets `leaf_bits`. Returns the copied root's physical address; 0
/// when nothing, or a large page, is mapped there.
std::uint64_t copy_way(StepPages& pages, std::uint64_t root, std::uint64_t address,
                       std::uint64_t leaf_bits);

} // namespace hv
