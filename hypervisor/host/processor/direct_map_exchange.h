#pragma once
// Two pages of the direct map that show each other's memory: what lies in one moves to the other,
// and stays where it is for all of the monitor's code (docs/shadow.md, "Displaced roots").

#include "hypervisor/memory/page_allocator.h"

#include <cstdint>

namespace hv::cpu {

/// Has the direct map show at each of two pages of RAM what it showed at the other. A 2 MiB mapping
/// on the way is split first, for good, with a table from `tables`. False, with nothing changed,
/// when there is none left.
[[nodiscard]] bool exchange_in_direct_map(std::uint64_t first, std::uint64_t second,
                                          PageAllocator& tables);

} // namespace hv::cpu
