#pragma once
// The chipset before a guest runs: SMRAM is closed and locked, and what a guest could use to leave
// the monitor is found (docs/profiles.md, "Firmware and chipset").

#include "hypervisor/vcpu/chipset.h"

#include <cstdint>

namespace hv {

/// Prints what could not be found or locked. `rsdp` and `readable_end` as for find_fixed_hardware()
/// (boot/acpi/fixed_hardware.h).
Chipset prepare_chipset(std::uint64_t rsdp, std::uint64_t readable_end);

} // namespace hv
