// MONITOR_TRAP_FLAG: the one instruction that was let write to a protected page has run.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/vcpu/single_step.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

void handle_monitor_trap_flag(Vcpu& vcpu) {
    if (!vcpu.stepped.active)
        return handle_unexpected(vcpu);
    end_single_step(vcpu);
}

} // namespace hv
