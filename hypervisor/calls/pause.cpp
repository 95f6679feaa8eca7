#include "hypervisor/calls/pause.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/exit_qualification.h"
#include "shared/exit_reason.h"

namespace hv {

bool must_pause(const Vcpu& vcpu) { return cpu::read_tsc() - vcpu.exit_time > pause_ticks; }

bool execute_again(Vcpu& vcpu) {
    using abi::ExitReason;
    bool iret_unblocked_nmis = false;
    switch (static_cast<ExitReason>(vcpu.vmcs.read(Field::exit_reason) & 0xFFFF)) {
    case ExitReason::exception_nmi: {
        const InterruptionInformation event{
            static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_interruption_information))};
        if (event.type() == InterruptionType::nmi)
            return false;
        iret_unblocked_nmis = event.nmi_unblocking_due_to_iret();
        break;
    }
    case ExitReason::ept_violation:
        iret_unblocked_nmis =
            EptViolation{vcpu.vmcs.read(Field::exit_qualification)}.nmi_unblocking_due_to_iret();
        break;
    case ExitReason::external_interrupt:
    case ExitReason::triple_fault:
    case ExitReason::init_signal:
    case ExitReason::sipi_signal:
        return false;
    default:
        break;
    }
    repeat_event(vcpu);
    if (iret_unblocked_nmis)
        block_nmis_again(vcpu);
    return true;
}

} // namespace hv
