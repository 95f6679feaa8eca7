#pragma once
// The guest-physical address space: memory and devices as in the machine, without the monitor's
// memory, and with the ROM and the per-vCPU area in their places.

#include "hypervisor/memory/memory_type.h"
#include "hypervisor/vcpu/virtual_machine.h"

#include <cstdint>

namespace hv {

/// Builds the machine's EPT for [0, end), where `end` is a multiple of 2 MiB: an identity mapping
/// with the memory types of the MTRRs and all rights. The monitor's own memory is not mapped. Ends
/// the run when there are not enough pages.
void build_guest_physical_map(VirtualMachine& machine, const Mtrrs& mtrrs, std::uint64_t end);

/// Takes the right to write from the pages of Chipset::guarded_pages below `end`; others are not
/// mapped. Ends the run when there are not enough pages.
void protect_configuration_space(VirtualMachine& machine, std::uint64_t end);

/// Maps the ROM image, at a physical address, where kernels look for it: readable and executable.
void map_rom(VirtualMachine& machine, std::uint64_t image, std::uint64_t size);

/// Gives each vCPU a view of its own; all views map what has been mapped so far.
void make_views(VirtualMachine& machine);

/// Maps the area of vCPU `number` where the ROM finds it: readable and writable, not executable.
void map_vcpu_area(VirtualMachine& machine, std::uint32_t number, std::uint64_t area);

/// Maps the statistics page of vCPU `number` where the guest reads it.
void map_statistics(VirtualMachine& machine, std::uint32_t number, std::uint64_t page);

} // namespace hv
