#pragma once
// Has two pages of the direct map show each other's memory. When their contents change places as
// well, all of the monitor's code finds everything where it was (docs/shadow.md, "Displaced
// roots").

#include "hypervisor/memory/page_allocator.h"

#include <cstdint>

namespace hv::cpu {

/// Has the direct map show at each of two pages of RAM (physical addresses) what it showed at the
/// other. A 2 MiB page that covers one of them is split first and stays split; the table for that
/// is taken from `tables`. False, with nothing exchanged, when none is left.
[[nodiscard]] bool exchange_in_direct_map(std::uint64_t first, std::uint64_t second,
                                          PageAllocator& tables);

} // namespace hv::cpu
