#pragma once
// The guest-physical address space: memory and devices as they are, the monitor's memory missing,
// the ROM and the per-vCPU area in their places.

#include "hypervisor/memory/memory_type.h"
#include "hypervisor/vcpu/virtual_machine.h"

#include <cstdint>

namespace hv {

/// Builds the machine's EPT over [0, end), end a multiple of 2 MiB: identical, with the memory type
/// of the MTRRs, all rights; nothing at the monitor's own memory. Ends the run when pages run out.
void build_guest_physical_map(VirtualMachine& machine, const Mtrrs& mtrrs, std::uint64_t end);

/// Puts the ROM image (physical pages) where kernels look for it: readable and executable.
void map_rom(VirtualMachine& machine, std::uint64_t image, std::uint64_t size);

/// Gives each vCPU a view of its own; what has been mapped so far is in all of them.
void make_views(VirtualMachine& machine);

/// Puts the area of vCPU `number` where the ROM finds it: readable and writable, not executable.
void map_vcpu_area(VirtualMachine& machine, std::uint32_t number, std::uint64_t area);

/// Puts its statistics page where the guest reads it.
void map_statistics(VirtualMachine& machine, std::uint32_t number, std::uint64_t page);

} // namespace hv
