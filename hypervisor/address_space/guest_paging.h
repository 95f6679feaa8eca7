#pragma once
// The guest's paging mode, for what the monitor does on the guest's behalf in a guest that may be
// in every mode (registers/operating_mode.h).

#include "hypervisor/memory/paging_walk.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// SDM vol. 3, 4.1.1.
enum class PagingMode : std::uint8_t { none, two_level, pae, four_level };

PagingMode paging_mode(const Vcpu& vcpu);

/// Walks the guest's page tables in the mode in which it is. Without paging every address is
/// mapped, at level 0.
PageWalk walk_in_mode(const Vcpu& vcpu, PagingMode mode, std::uint64_t linear);

/// Sets the accessed bits of the entries on the way, and for a store the dirty bit of the last one.
void mark_used_in_mode(PagingMode mode, const PageWalk& walk, bool write);

} // namespace hv
