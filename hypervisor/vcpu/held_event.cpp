#include "hypervisor/vcpu/held_event.h"

#include "hypervisor/vcpu/primary_controls.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/guest_state.h"

namespace hv {

namespace {

constexpr std::uint32_t window_exiting = primary_processor_based::interrupt_window_exiting;

} // namespace

void hold_event(Vcpu& vcpu, InterruptionInformation event) {
    if (event.type() == InterruptionType::nmi) {
        // Its delivery has begun to block NMIs (SDM vol. 3, 28.1).
        vcpu.vmcs.write(Field::guest_interruptibility_state,
                        vcpu.vmcs.read(Field::guest_interruptibility_state) &
                            ~std::uint64_t{interruptibility::nmi});
        vcpu.nmi.pending = 1;
    }
    if (event.type() != InterruptionType::external_interrupt)
        return;
    vcpu.held_event = {true, event.vector()};
    set_primary_control(vcpu, window_exiting, true);
}

void handle_interrupt_window(Vcpu& vcpu) {
    const auto event = InterruptionInformation::make(InterruptionType::external_interrupt,
                                                     vcpu.held_event.vector, false);
    vcpu.vmcs.write(Field::vm_entry_interruption_information, event.raw);
    forget_held_event(vcpu);
}

void forget_held_event(Vcpu& vcpu) {
    vcpu.held_event = {};
    set_primary_control(vcpu, window_exiting, false);
}

} // namespace hv
