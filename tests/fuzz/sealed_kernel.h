#pragma once
// What a kernel runs on once it has loaded TR (docs/profiles.md, "hardened").

#include "tests/fuzz/fuzz_machine.h"

#include <cstdint>
#include <vector>

namespace hv::fuzz {

/// What must not change on each vCPU that has loaded TR: the descriptors of code, stack and TSS,
/// and where IDT and TSS lie.
class SealedKernel {
  public:
    explicit SealedKernel(FuzzMachine& machine);
    /// All that is as it was.
    void check(FuzzMachine& machine) const;

  private:
    struct Kept {
        std::uint64_t code;
        std::uint64_t stack;
        std::uint64_t tss_low;
        std::uint64_t tss_high;
        std::uint64_t idt_base;
        std::uint64_t idt_limit;
        std::uint64_t tss_base;
        std::uint64_t tss_limit;
        bool operator==(const Kept&) const = default;
    };
    static Kept kept(const ProtectedTables& tables);

    std::vector<std::pair<std::uint32_t, Kept>> sealed_; ///< by vCPU
};

} // namespace hv::fuzz
