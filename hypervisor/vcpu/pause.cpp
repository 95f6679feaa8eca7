#include "hypervisor/vcpu/pause.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/exit_qualification.h"

namespace hv {

using abi::ExitReason;

namespace {

bool recurs(const Vcpu& vcpu, ExitReason reason) {
    switch (reason) {
    case ExitReason::exception_nmi:
        return exiting_event(vcpu).type() != InterruptionType::nmi;
    case ExitReason::external_interrupt:
    case ExitReason::triple_fault:
    case ExitReason::init_signal:
    case ExitReason::sipi_signal:
        return false;
    default:
        return true;
    }
}

bool iret_unblocked_nmis(const Vcpu& vcpu, ExitReason reason) {
    switch (reason) {
    case ExitReason::exception_nmi:
        return exiting_event(vcpu).nmi_unblocking_due_to_iret();
    case ExitReason::ept_violation:
        return EptViolation{vcpu.vmcs.read(Field::exit_qualification)}.nmi_unblocking_due_to_iret();
    default:
        return false;
    }
}

} // namespace

bool must_pause(const Vcpu& vcpu) { return cpu::read_tsc() - vcpu.exit_time > pause_ticks; }

bool must_pause_before_short_call(const Vcpu& vcpu) {
    return cpu::read_tsc() - vcpu.exit_time > 2 * pause_ticks;
}

bool recurs_with_instruction(const Vcpu& vcpu) { return recurs(vcpu, exit_reason(vcpu).basic()); }

bool execute_again(Vcpu& vcpu) {
    const ExitReason reason = exit_reason(vcpu).basic();
    if (!recurs(vcpu, reason))
        return false;
    repeat_interrupted_event(vcpu);
    if (iret_unblocked_nmis(vcpu, reason))
        block_nmis_again(vcpu);
    return true;
}

} // namespace hv
