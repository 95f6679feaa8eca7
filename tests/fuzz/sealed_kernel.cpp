#include "tests/fuzz/sealed_kernel.h"

#include "hypervisor/x86/descriptor.h"
#include "tests/fuzz/failure.h"

namespace hv::fuzz {

using test::KernelMachine;

SealedKernel::SealedKernel(FuzzMachine& machine) {
    for (std::uint32_t number = 0; number < machine.vm().vcpu_count; ++number)
        if (const ProtectedTables& tables = machine.machine().vcpu(number).tables; tables.sealed())
            sealed_.emplace_back(number, kept(tables));
}

// The processor's own bits, accessed and busy, may change.
SealedKernel::Kept SealedKernel::kept(const ProtectedTables& tables) {
    const GuestTable& gdt = tables.gdt();
    constexpr std::uint64_t accessed = SegmentDescriptor::accessed_bit;
    constexpr std::uint64_t busy = SegmentDescriptor::busy_bit;
    return {gdt.read(KernelMachine::code) | accessed,
            gdt.read(KernelMachine::data) | accessed,
            gdt.read(KernelMachine::tss_selector) | busy,
            gdt.read(KernelMachine::tss_selector + 8),
            tables.idt().base(),
            tables.idt().limit(),
            tables.tss().base(),
            tables.tss().limit()};
}

void SealedKernel::check(FuzzMachine& machine) const {
    for (const auto& [number, before] : sealed_) {
        const ProtectedTables& tables = machine.machine().vcpu(number).tables;
        ::fuzz::require(tables.sealed() && kept(tables) == before,
                        "what a sealed kernel stands on stays");
    }
}

} // namespace hv::fuzz
