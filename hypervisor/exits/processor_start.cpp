// INIT_SIGNAL: another processor of the guest's resets this one. Only where the APICs' commands are
// not intercepted (apic/command_interception.h).

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/startup/start_vcpu.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

void handle_init_signal(Vcpu& vcpu) { reset_vcpu(vcpu); }

} // namespace hv
