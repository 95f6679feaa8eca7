#pragma once
// Which processors the machine has, from the firmware's tables (ACPI specification 6.5,
// section 5.2).

#include "shared/processors.h"

#include <boost/container/static_vector.hpp>

#include <cstdint>

namespace hv {

struct ProcessorList {
    /// The boot processor first, then the others that are enabled, as the MADT has them.
    boost::container::static_vector<std::uint32_t, abi::max_vcpus> apic_ids;
    /// Why there may be processors that are not in the list; null when it is complete.
    const char* problem = nullptr;
};

/// Looks from the RSDP at a physical address (0: there is none) for the MADT. Memory can be read
/// below `readable_end`. Nothing in the tables is believed unchecked: where they make no sense, the
/// boot processor is the only one.
ProcessorList find_processors(std::uint64_t rsdp, std::uint32_t boot_apic_id,
                              std::uint64_t readable_end);

} // namespace hv
