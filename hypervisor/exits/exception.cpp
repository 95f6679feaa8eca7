// EXCEPTION_NMI: a page fault under shadow paging; or the one instruction that was let write to a
// protected page has run, or has faulted.

#include "hypervisor/address_space/requests.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/faults/page_fault.h"
#include "hypervisor/faults/single_step.h"
#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

// NMIs exit where there are several vCPUs: most are kicks. An instruction that was to be stepped
// has not run yet.
void handle_nmi(Vcpu& vcpu) {
    if (vcpu.stepped.active)
        end_single_step(vcpu);
    cpu::end_nmi_blocking();
    take_kick(vcpu);
    if (vcpu.pending != 0)
        settle(vcpu); // of the drain: to be reset or started this vCPU must have no lock
    serve_all_requests(vcpu);
}

} // namespace

// All but page faults exit only during a step by RFLAGS.TF. All but the step's own #DB and what the
// shadow tables cause are the guest's.
void handle_exception_nmi(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const InterruptionInformation event{
        static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_interruption_information))};
    if (event.type() == InterruptionType::nmi)
        return handle_nmi(vcpu);
    const bool shadowed = event.vector() == vector::page_fault &&
                          (vcpu.exception_bitmap & 1U << vector::page_fault) != 0;
    if (vcpu.stepped.active) {
        if (!end_single_step(vcpu) || event.vector() == vector::debug)
            return;
    } else if (!shadowed) {
        return handle_unexpected(vcpu);
    }
    if (shadowed)
        return handle_page_fault(vcpu, event);
    if (event.vector() == vector::page_fault)
        cpu::write_cr2(vmcs.read(Field::exit_qualification));
    const auto error_code =
        static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_interruption_error_code));
    inject_exception(vcpu, event.vector(), event.error_code() ? error_code : 0);
}

} // namespace hv
