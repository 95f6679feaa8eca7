#include "hypervisor/faults/single_step.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/exit_qualification.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/rflags.h"

#include <cstring>

namespace hv {

namespace {

constexpr std::uint32_t all_exceptions = 0xFFFFFFFF;
constexpr std::uint64_t changed_flags = rflags::trap | rflags::interrupt_enable;

void copy_page(StepPages& pages, std::uint64_t page) {
    for (std::uint64_t offset = 0; offset < page_size; offset += sizeof(std::uint64_t)) {
        const std::uint64_t word = direct_word<std::uint64_t>(page + offset);
        std::memcpy(&pages.before[offset], &word, sizeof(word));
        std::memcpy(&pages.image[offset], &word, sizeof(word));
    }
}

// Sends the vCPU to the copy of the page; notes the root that it leaves.
bool enter_copy(Vcpu& vcpu, const StoreTarget& target) {
    VirtualMachine& machine = *vcpu.machine;
    StepPages& pages = *vcpu.step_pages;
    if (machine.shadows.in_use()) {
        const std::uint64_t root =
            lead_to_image(pages, machine.shadows.address(current_shadow_root(vcpu)), target.linear,
                          paging::dirty);
        if (root == 0)
            return false;
        vcpu.single_step.root = vcpu.roots.current.loaded;
        vcpu.vmcs.write(Field::guest_cr3, root);
        drop_before_entry(vcpu, Stale::all);
        return true;
    }
    const std::uint64_t root = lead_to_image(pages, machine.ept.root(vcpu.number), target.gpa, 0);
    if (root == 0)
        return false;
    vcpu.single_step.root = machine.ept.pointer(vcpu.number);
    vcpu.vmcs.write(Field::ept_pointer, Ept::pointer_to(root));
    drop_ept_context(vcpu, Ept::pointer_to(root)); // what the step before has left
    return true;
}

// Nothing that was cached by the copied tables may be used again: under EPT the next step drops it.
void leave_copy(Vcpu& vcpu) {
    if (!vcpu.machine->shadows.in_use())
        return vcpu.vmcs.write(Field::ept_pointer, vcpu.single_step.root);
    vcpu.vmcs.write(Field::guest_cr3, vcpu.single_step.root);
    drop_before_entry(vcpu, Stale::all);
}

// Nothing of the guest's but the instruction can run, and #DB comes after it.
void hold_events(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    SingleStep& step = vcpu.single_step;
    step.rflags = vmcs.read(Field::guest_rflags);
    step.interruptibility = vmcs.read(Field::guest_interruptibility_state);
    step.pending_debug = vmcs.read(Field::guest_pending_debug_exceptions);
    step.debugctl = vmcs.read(Field::guest_ia32_debugctl);
    step.idtr_limit = vmcs.read(Field::guest_idtr_limit);
    step.exception_bitmap = vcpu.exception_bitmap;
    vmcs.write(Field::guest_rflags, (step.rflags | rflags::trap) & ~rflags::interrupt_enable);
    vmcs.write(Field::guest_interruptibility_state,
               (step.interruptibility & ~interruptibility::sti_or_mov_ss) | interruptibility::nmi);
    vmcs.write(Field::guest_pending_debug_exceptions, 0);
    vmcs.write(Field::guest_ia32_debugctl, 0);
    vmcs.write(Field::guest_idtr_limit, 0);
    vmcs.write(Field::exception_bitmap, all_exceptions);
    write_real_efer(vcpu, real_efer(vcpu) & ~efer::syscall_enable);
}

// `breakpoints`: the guest's own data breakpoints that the instruction has met, if it has run.
void release_events(Vcpu& vcpu, bool has_run, std::uint64_t breakpoints) {
    const Vmcs& vmcs = vcpu.vmcs;
    const SingleStep& step = vcpu.single_step;
    write_real_efer(vcpu, real_efer(vcpu));
    vmcs.write(Field::exception_bitmap, step.exception_bitmap);
    // Where LIDT does not exit, the instruction may have been one.
    if (vmcs.read(Field::guest_idtr_limit) == 0)
        vmcs.write(Field::guest_idtr_limit, step.idtr_limit);
    vmcs.write(Field::guest_ia32_debugctl, step.debugctl);
    vmcs.write(Field::guest_rflags,
               (vmcs.read(Field::guest_rflags) & ~changed_flags) | (step.rflags & changed_flags));
    std::uint64_t pending = step.pending_debug;
    std::uint64_t blocking = step.interruptibility;
    if (has_run) {
        blocking &= ~std::uint64_t{interruptibility::sti_or_mov_ss};
        pending = (pending & ~pending_debug::single_step) | breakpoints;
        if (breakpoints != 0)
            pending |= pending_debug::enabled_breakpoint;
        if ((step.rflags & rflags::trap) != 0) // the guest steps itself
            pending |= pending_debug::single_step;
    }
    vmcs.write(Field::guest_interruptibility_state, blocking);
    vmcs.write(Field::guest_pending_debug_exceptions, pending);
}

// PUSHF is 9C, perhaps after an operand-size or a REX prefix.
bool is_pushf(Vcpu& vcpu) {
    constexpr std::uint8_t pushf = 0x9C;
    constexpr std::uint8_t operand_size = 0x66;
    std::array<std::uint8_t, 3> code{};
    const std::uint32_t count =
        fetch_guest_code(vcpu.machine->memory, guest_cr3(vcpu), vcpu.vmcs.read(Field::guest_rip),
                         code.data(), code.size());
    for (std::uint32_t index = 0; index < count; ++index) {
        if (code[index] == pushf)
            return true;
        if (code[index] != operand_size && code[index] >> 4 != 4)
            return false;
    }
    return false;
}

// The flags that PUSHF has stored, at the top of the stack, as the guest has them. Where another
// instruction ran in its place this changes two bits of the guest's own stack.
void restore_stored_flags(Vcpu& vcpu) {
    constexpr std::uint8_t in_byte = changed_flags >> 8;
    const std::uint64_t place = vcpu.vmcs.read(Field::guest_rsp) % page_size + 1;
    if (place >= page_size)
        return;
    std::uint8_t& byte = vcpu.step_pages->image[place];
    byte = static_cast<std::uint8_t>((byte & ~in_byte) | (vcpu.single_step.rflags >> 8 & in_byte));
}

// Writes what differs in the copy to the page, if all of it may stand there.
abi::Error apply_stores(Vcpu& vcpu, std::uint64_t page) {
    VirtualMachine& machine = *vcpu.machine;
    lock_page_tables(vcpu);
    const Frame& frame = *machine.frames.of_address(page);
    StepPages& pages = *vcpu.step_pages;
    const abi::Error error =
        frame.is_page_table()
            ? machine.page_tables.apply(page, pages.before.data(), pages.image.data())
            : machine.tables.apply(page, pages.before.data(), pages.image.data());
    return error;
}

// Whether the exit is what an instruction causes that a step holds back, or a software interrupt
// that would be lost if it were taken for an exception.
bool is_held_back(const Vcpu& vcpu, InterruptionInformation event) {
    switch (event.type()) {
    case InterruptionType::software_exception:            // INT3, INTO
    case InterruptionType::privileged_software_exception: // INT1
        return true;
    case InterruptionType::hardware_exception:
        break;
    default:
        return false;
    }
    if (event.vector() == vector::invalid_opcode)
        return true; // it stores nothing: outside the step it is #UD again, or runs
    return event.vector() == vector::general_protection &&
           (vcpu.vmcs.read(Field::vm_exit_interruption_error_code) & selector_error::idt) != 0;
}

struct StepExit {
    StepEnd end; ///< not `refused`
    std::uint64_t breakpoints = 0;
};

// Before VM entry the fields are those of the exit in which the step began: no event of a step.
StepExit judge_exit(const Vcpu& vcpu) {
    if (exit_reason(vcpu).basic() != abi::ExitReason::exception_nmi)
        return {StepEnd::interrupted};
    const InterruptionInformation event = exiting_event(vcpu);
    if (is_held_back(vcpu, event))
        return {StepEnd::held_back};
    if (event.type() != InterruptionType::hardware_exception || event.vector() != vector::debug)
        return {StepEnd::interrupted};
    const DebugException exception{vcpu.vmcs.read(Field::exit_qualification)};
    if (!exception.single_step())
        return {StepEnd::interrupted};
    return {StepEnd::completed, exception.breakpoints()};
}

} // namespace

bool begin_single_step(Vcpu& vcpu, const StoreTarget& target) {
    lock_page_tables(vcpu);
    const std::uint64_t page = align_down(target.gpa, page_size);
    copy_page(*vcpu.step_pages, page);
    if (!enter_copy(vcpu, target))
        return false;
    vcpu.single_step.active = true;
    vcpu.single_step.page = page;
    vcpu.single_step.stores_flags = is_pushf(vcpu);
    hold_events(vcpu);
    return true;
}

StepEnd end_single_step(Vcpu& vcpu) {
    SingleStep& step = vcpu.single_step;
    step.active = false;
    step.ended_in_exit = vcpu.statistics.exits;
    const StepExit exit = judge_exit(vcpu);
    release_events(vcpu, exit.end == StepEnd::completed, exit.breakpoints);
    leave_copy(vcpu);
    if (step.stores_flags && exit.end == StepEnd::completed)
        restore_stored_flags(vcpu);
    const abi::Error error = apply_stores(vcpu, step.page);
    if (error != abi::Error::none) {
        refuse_instruction(vcpu, error, "EPT_VIOLATION", step.page);
        return StepEnd::refused;
    }
    return exit.end;
}

bool ended_single_step_in_exit(const Vcpu& vcpu) {
    return vcpu.single_step.ended_in_exit == vcpu.statistics.exits;
}

} // namespace hv
