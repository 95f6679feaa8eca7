#pragma once
// What software needs in order to use each feature that CPUID has a bit for, as the Intel manual
// says: MSRs, bits of CR4 and XCR0, VM-execution controls. Written down apart from the monitor's
// list (hypervisor/registers/cpuid_features.h), which it judges.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace hv::test {

enum class In : std::uint8_t { eax, ebx, ecx, edx };

struct WrittenMsr {
    std::uint32_t msr;
    std::uint64_t value; ///< one that the processor takes
};

struct NeedsOfFeature {
    std::uint32_t leaf;
    std::uint32_t subleaf = 0;
    In in;
    std::uint32_t bit;
    std::string_view name;
    std::vector<std::uint32_t> read{};
    std::vector<WrittenMsr> written{};
    std::uint64_t cr4 = 0;
    std::uint64_t xcr0 = 0;
    std::uint32_t control = 0; ///< a secondary processor-based control
};

/// Every feature that needs something.
std::span<const NeedsOfFeature> needs_of_features();

/// The bits of a register that are numbers, or features that need nothing: instructions on
/// registers and memory, and facts about the processor.
std::uint32_t bits_without_needs(std::uint32_t leaf, std::uint32_t subleaf, In in);

} // namespace hv::test
