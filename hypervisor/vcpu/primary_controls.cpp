#include "hypervisor/vcpu/primary_controls.h"

#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"

namespace hv {

void set_primary_control(Vcpu& vcpu, std::uint32_t control_bit, bool on) {
    const std::uint32_t wanted =
        on ? vcpu.primary_controls | control_bit : vcpu.primary_controls & ~control_bit;
    const std::uint64_t capability = vcpu.machine->capabilities.primary_processor_based;
    if (wanted == vcpu.primary_controls || negotiate(wanted, 0, capability).value != wanted)
        return;
    vcpu.primary_controls = wanted;
    vcpu.vmcs.write(Field::primary_processor_based_controls, wanted);
}

} // namespace hv
