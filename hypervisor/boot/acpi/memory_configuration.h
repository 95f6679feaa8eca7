#pragma once
// Configuration space that is reached through memory (MMCONFIG), from the MCFG (PCI Firmware
// specification 3.3, 4.1.2).

#include "hypervisor/vcpu/chipset.h"

#include <cstdint>

namespace hv {

/// Adds the pages of the functions in `chipset.guarded` to `chipset.guarded_pages`, where the MCFG
/// says that bus 0 of segment group 0 is reached through memory; without an MCFG there are none.
/// The other parameters are as for find_fixed_hardware() (boot/acpi/fixed_hardware.h). Returns why
/// pages may be missing; null when none are.
const char* find_guarded_pages(Chipset& chipset, std::uint64_t rsdp, std::uint64_t readable_end);

} // namespace hv
