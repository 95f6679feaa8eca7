// From a VM exit to its handler, through one table.

#include "hypervisor/address_space/invlpg.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/calls/drain.h"
#include "hypervisor/calls/vmcall.h"
#include "hypervisor/exits/entry_failure.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/faults/ept_violation.h"
#include "hypervisor/faults/single_step.h"
#include "hypervisor/host/console.h"
#include "hypervisor/registers/descriptor_watch.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/held_event.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vcpu/resume.h"

#include <array>

namespace hv {

namespace {

using abi::ExitReason;

struct Row {
    ExitReason reason;
    ExitHandler handler;
};

constexpr Row rows[]{
    {ExitReason::vmcall, handle_vmcall},
    {ExitReason::cr_access, handle_cr_access},
    {ExitReason::invlpg, handle_invlpg},
    {ExitReason::ept_violation, handle_ept_violation},
    {ExitReason::ept_misconfig, handle_ept_misconfig},
    {ExitReason::exception_nmi, handle_exception_nmi},
    {ExitReason::gdtr_idtr, handle_gdtr_idtr},
    {ExitReason::ldtr_tr, handle_ldtr_tr},
    {ExitReason::cpuid, handle_cpuid},
    {ExitReason::msr_read, handle_msr_read},
    {ExitReason::msr_write, handle_msr_write},
    {ExitReason::io_instruction, handle_io_instruction},
    {ExitReason::xsetbv, handle_xsetbv},
    {ExitReason::invd, handle_invd},
    {ExitReason::triple_fault, handle_triple_fault},
    {ExitReason::task_switch, handle_task_switch},
    {ExitReason::interrupt_window, handle_interrupt_window},
    {ExitReason::init_signal, handle_init_signal},
    // There is no VT-x and no SMX in the guest's CPUID.
    {ExitReason::getsec, handle_undefined_instruction},
    {ExitReason::vmclear, handle_undefined_instruction},
    {ExitReason::vmlaunch, handle_undefined_instruction},
    {ExitReason::vmptrld, handle_undefined_instruction},
    {ExitReason::vmptrst, handle_undefined_instruction},
    {ExitReason::vmread, handle_undefined_instruction},
    {ExitReason::vmresume, handle_undefined_instruction},
    {ExitReason::vmwrite, handle_undefined_instruction},
    {ExitReason::vmoff, handle_undefined_instruction},
    {ExitReason::vmon, handle_undefined_instruction},
    {ExitReason::invept, handle_undefined_instruction},
    {ExitReason::invvpid, handle_undefined_instruction},
    {ExitReason::vmfunc, handle_undefined_instruction},
    {ExitReason::encls, handle_undefined_instruction},
};

constexpr std::array<ExitHandler, abi::exit_reason_limit> make_table() {
    std::array<ExitHandler, abi::exit_reason_limit> table{};
    table.fill(handle_unexpected);
    for (const Row& row : rows)
        table[static_cast<std::uint32_t>(row.reason)] = row.handler;
    return table;
}

constexpr auto handlers = make_table();

// Whether an exit that has ended a single step is still to be handled. If the step completed, the
// exit had no other cause. If it was refused, #GP takes the place of what the instruction caused,
// but not of an event from elsewhere.
bool is_to_be_handled(const Vcpu& vcpu, StepEnd end) {
    switch (end) {
    case StepEnd::completed:
    case StepEnd::held_back:
        return false;
    case StepEnd::refused:
        return !recurs_with_instruction(vcpu);
    case StepEnd::interrupted:
        break;
    }
    return true;
}

// What few exits need, before anything else. Returns whether the exit is still to be handled.
[[gnu::cold, gnu::noinline]] bool before_handling(Vcpu& vcpu, ExitReason reason) {
    const bool handle = !vcpu.single_step.active || is_to_be_handled(vcpu, end_single_step(vcpu));
    if (vcpu.watches_descriptor_registers)
        follow_descriptor_registers(vcpu, reason);
    return handle;
}

} // namespace

extern "C" void handle_vm_exit(GuestRegisters& registers) {
    Vcpu& vcpu = vcpu_of(registers);
    const ExitReasonField reason = exit_reason(vcpu);
    const std::uint64_t basic = reason.number();
    if (reason.entry_failed()) [[unlikely]]
        return handle_entry_failure(vcpu, static_cast<ExitReason>(basic));
    abi::Statistics& statistics = vcpu.statistics;
    ++statistics.exits;
    if (basic >= abi::exit_reason_limit) [[unlikely]]
        return handle_unexpected(vcpu);
    ++statistics.exit[basic];
    bool handle = true;
    if ((vcpu.single_step.active | vcpu.watches_descriptor_registers) != 0) [[unlikely]]
        handle = before_handling(vcpu, static_cast<ExitReason>(basic));
    // Entries that were queued before the instruction that exited come before it (docs/abi.md,
    // "Drain").
    if (handle && (drain_if_queued(vcpu) != paused || !execute_again(vcpu))) [[likely]]
        handlers[basic](vcpu);
    if constexpr (checks_shadows) {
        if (holds_page_table_lock(vcpu) && !vcpu.single_step.active &&
            vcpu.machine->shadows.take_changed() && !vcpu.machine->shadows.consistent())
            console::fail("the shadow tables are not what the guest's page tables say");
    }
    if (vcpu.pending != 0)
        settle(vcpu);
    if constexpr (checks_shadows)
        if (vcpu.machine->vcpu_count == 1 && !vcpu.machine->stale.is_settled())
            console::fail("stale translations were not dropped");
    statistics.vmcs_accesses = vcpu.vmcs.accesses();
    if (vcpu.nmi.pending != 0) [[unlikely]]
        inject_nmi(vcpu);
}

} // namespace hv
