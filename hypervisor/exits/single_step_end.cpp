// EXCEPTION_NMI: the one instruction that was let write to a protected page
// has run, or has faulted.

#include "hypervisor/cpu/instructions.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/single_step.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

// Exceptions exit only during a step by RFLAGS.TF. All but the step's own #DB are the guest's.
void handle_exception_nmi(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const InterruptionInformation event{
        static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_interruption_information))};
    if (!vcpu.stepped.active)
        return handle_unexpected(vcpu);
    if (!end_single_step(vcpu) || event.vector() == vector::debug)
        return;
    if (event.vector() == vector::page_fault)
        cpu::write_cr2(vmcs.read(Field::exit_qualification));
    const auto error_code =
        static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_interruption_error_code));
    inject_exception(vcpu, event.vector(), event.error_code() ? error_code : 0);
}

} // namespace hv
