#pragma once
// Bringing the monitor up on all processors.

#include "hypervisor/memory/memory_map.h"

namespace hv {

struct VirtualMachine;

/// Starts every processor but this one by INIT and SIPI, one after the other: each enters VMX
/// operation, and its vCPU waits for the guest's SIPI. Uses a page of RAM below 640 KiB, outside
/// `taken`, which is zero afterwards. Ends the run when a processor does not come.
void start_other_processors(VirtualMachine& machine, const PhysicalRange& taken);

} // namespace hv
