#pragma once
// The ports of ACPI's fixed hardware, from the FADT (ACPI specification 6.5, 5.2.9).

#include "hypervisor/vcpu/chipset.h"

#include <cstdint>

namespace hv {

struct FixedHardware {
    AcpiPorts ports;
    /// Why a register may be missing; null when all that the FADT has are ports.
    const char* problem = nullptr;
};

/// Looks from the RSDP at a physical address (0: there is none) for the FADT. Memory can be read
/// below `readable_end`. Nothing in the table is believed unchecked.
FixedHardware find_fixed_hardware(std::uint64_t rsdp, std::uint64_t readable_end);

} // namespace hv
