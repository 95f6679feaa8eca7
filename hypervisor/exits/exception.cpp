// EXCEPTION_NMI: a page fault under shadow paging, an NMI, or a fault of an instruction that ran in
// a single step. (The step's own #DB never comes here: exits/dispatch.cpp.)

#include "hypervisor/address_space/requests.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/faults/page_fault.h"
#include "hypervisor/faults/single_step.h"
#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"

namespace hv {

namespace {

// NMIs exit where there are several vCPUs: most are kicks.
void handle_nmi(Vcpu& vcpu) {
    cpu::end_nmi_blocking();
    take_kick(vcpu);
    if (vcpu.pending != 0)
        settle(vcpu); // after a drain: to be reset or started, the vCPU must hold no lock
    serve_all_requests(vcpu);
}

} // namespace

// Exceptions other than page faults exit only during a single step. All but what the shadow tables
// cause are the guest's own.
void handle_exception_nmi(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const InterruptionInformation event = exiting_event(vcpu);
    if (event.type() == InterruptionType::nmi)
        return handle_nmi(vcpu);
    if (event.vector() == vector::page_fault &&
        (vcpu.exception_bitmap & 1U << vector::page_fault) != 0)
        return handle_page_fault(vcpu, event);
    if (!ended_single_step_in_exit(vcpu))
        return handle_unexpected(vcpu);
    if (event.vector() == vector::debug)
        return inject_exception(vcpu, vector::debug);
    if (event.vector() == vector::page_fault)
        cpu::write_cr2(vmcs.read(Field::exit_qualification));
    const auto error_code =
        static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_interruption_error_code));
    inject_fault(vcpu, event.vector(), event.error_code() ? error_code : 0);
}

} // namespace hv
