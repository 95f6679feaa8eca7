#include "hypervisor/faults/single_step.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/guest_state.h"
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
    step.exception_bitmap = vcpu.exception_bitmap;
    vmcs.write(Field::guest_rflags, (step.rflags | rflags::trap) & ~rflags::interrupt_enable);
    vmcs.write(Field::guest_interruptibility_state,
               (step.interruptibility & ~interruptibility::sti_or_mov_ss) | interruptibility::nmi);
    vmcs.write(Field::exception_bitmap, all_exceptions);
}

void release_events(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const SingleStep& step = vcpu.single_step;
    vmcs.write(Field::exception_bitmap, step.exception_bitmap);
    vmcs.write(Field::guest_rflags,
               (vmcs.read(Field::guest_rflags) & ~changed_flags) | (step.rflags & changed_flags));
    vmcs.write(Field::guest_interruptibility_state,
               step.interruptibility & ~interruptibility::sti_or_mov_ss);
    if ((step.rflags & rflags::trap) != 0) // the guest steps itself
        vmcs.write(Field::guest_pending_debug_exceptions, pending_debug::single_step);
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

// Before VM entry the fields are those of the exit in which the step began: no #DB.
bool exited_by_debug_exception(const Vcpu& vcpu) {
    if (exit_reason(vcpu).basic() != abi::ExitReason::exception_nmi)
        return false;
    const InterruptionInformation event = exiting_event(vcpu);
    return event.type() != InterruptionType::nmi && event.vector() == vector::debug;
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
    hold_events(vcpu);
    return true;
}

StepEnd end_single_step(Vcpu& vcpu) {
    SingleStep& step = vcpu.single_step;
    step.active = false;
    step.ended_in_exit = vcpu.statistics.exits;
    release_events(vcpu);
    leave_copy(vcpu);
    const abi::Error error = apply_stores(vcpu, step.page);
    if (error != abi::Error::none) {
        refuse_instruction(vcpu, error, "EPT_VIOLATION", step.page);
        return StepEnd::refused;
    }
    return exited_by_debug_exception(vcpu) ? StepEnd::completed : StepEnd::interrupted;
}

bool ended_single_step_in_exit(const Vcpu& vcpu) {
    return vcpu.single_step.ended_in_exit == vcpu.statistics.exits;
}

} // namespace hv
