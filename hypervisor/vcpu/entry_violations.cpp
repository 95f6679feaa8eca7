#include "hypervisor/vcpu/entry_violations.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

EntryFacts read_entry_facts(const VirtualMachine& machine) {
    const cpu::CpuidResult features = cpu::cpuid(7, 0);
    EntryFacts facts;
    facts.capabilities = machine.capabilities;
    facts.physical_address_width = machine.physical_address_bits;
    facts.linear_address_width = static_cast<std::uint8_t>(cpu::cpuid(0x80000008, 0).eax >> 8);
    facts.rtm = (features.ebx & 1U << 11) != 0;
    facts.sgx = (features.ebx & 1U << 2) != 0;
    facts.bus_lock_detection = (features.ecx & 1U << 24) != 0;
    return facts;
}

} // namespace

EntryReport entry_violations(const Vcpu& vcpu) {
    const FieldReader reader{
        [](void* context, Field field) { return static_cast<const Vmcs*>(context)->read(field); },
        const_cast<Vmcs*>(&vcpu.vmcs)};
    return check_vm_entry(reader, read_entry_facts(*vcpu.machine));
}

console::Text describe(const Violation& violation) {
    return console::Text{"SDM vol. 3, ", text(violation.rule).section,
                         ": ",           name(violation.field),
                         " is ",         console::Hex{violation.value},
                         "; required: ", text(violation.rule).requirement};
}

} // namespace hv
