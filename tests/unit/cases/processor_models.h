#pragma once
// Processors that the tests make up, after current ones and after what comes: what CPUID returns.

#include "hypervisor/host/processor/instructions.h"

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace hv::test {

struct ProcessorModel {
    std::string_view name;
    std::uint32_t highest_leaf;
    std::map<std::pair<std::uint32_t, std::uint32_t>, cpu::CpuidResult> leaves; ///< leaf, subleaf

    /// CPUID as this processor executes it.
    cpu::CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) const;
};

/// After Core 2 (Penryn), Alder Lake and Sapphire Rapids, and one that has every feature bit set.
const std::vector<ProcessorModel>& processor_models();

} // namespace hv::test
