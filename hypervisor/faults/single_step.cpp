#include "hypervisor/faults/single_step.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/vcpu/resume.h"

#include <cstring>

namespace hv {

namespace {

constexpr std::uint64_t trap_flag = 1 << 8;
constexpr std::uint64_t interrupt_flag = 1 << 9;
constexpr std::uint64_t pending_single_step = 1 << 14;
// Interruptibility state (SDM vol. 3, 25.4.2).
constexpr std::uint64_t blocking_by_sti_or_mov_ss = 3;
constexpr std::uint64_t blocking_by_nmi = 8;
constexpr std::uint64_t all_exceptions = 0xFFFFFFFF;

// The step must end before any handler of the guest's runs, which would run on the copies:
// interrupts and NMIs wait, and every exception exits.
void set_trap_flag(Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    SteppedStore& stepped = vcpu.stepped;
    stepped.flags = vmcs.read(Field::guest_rflags);
    stepped.interruptibility = vmcs.read(Field::guest_interruptibility_state);
    vmcs.write(Field::guest_rflags, (stepped.flags | trap_flag) & ~interrupt_flag);
    vmcs.write(Field::guest_interruptibility_state,
               (stepped.interruptibility & ~blocking_by_sti_or_mov_ss) | blocking_by_nmi);
    vmcs.write(Field::exception_bitmap, all_exceptions);
}

void clear_trap_flag(Vcpu& vcpu) {
    constexpr std::uint64_t changed = trap_flag | interrupt_flag;
    const Vmcs& vmcs = vcpu.vmcs;
    const SteppedStore& stepped = vcpu.stepped;
    vmcs.write(Field::exception_bitmap, vcpu.exception_bitmap);
    vmcs.write(Field::guest_rflags,
               (vmcs.read(Field::guest_rflags) & ~changed) | (stepped.flags & changed));
    vmcs.write(Field::guest_interruptibility_state,
               stepped.interruptibility & ~blocking_by_sti_or_mov_ss);
    if ((stepped.flags & trap_flag) != 0) // the guest steps itself
        vmcs.write(Field::guest_pending_debug_exceptions, pending_single_step);
}

bool enter_private_way(Vcpu& vcpu, const StoreTarget& target) {
    VirtualMachine& machine = *vcpu.machine;
    StepPages& pages = *vcpu.step_pages;
    if (machine.shadows.in_use()) {
        const std::uint64_t root =
            copy_way(pages, machine.shadows.address(current_shadow_root(vcpu)), target.linear,
                     paging::dirty);
        if (root == 0)
            return false;
        vcpu.vmcs.write(Field::guest_cr3, root);
        drop_before_entry(vcpu, Stale::all);
        return true;
    }
    const std::uint64_t root = copy_way(pages, machine.ept.root(vcpu.number), target.gpa, 0);
    if (root == 0)
        return false;
    vcpu.vmcs.write(Field::ept_pointer, Ept::pointer_to(root));
    drop_ept_context(vcpu, Ept::pointer_to(root)); // of the step before
    return true;
}

// Of translations cached on the private way nothing may be used again.
void leave_private_way(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    if (machine.shadows.in_use()) {
        vcpu.vmcs.write(Field::guest_cr3, vcpu.roots.current.loaded);
        drop_before_entry(vcpu, Stale::all);
        return;
    }
    vcpu.vmcs.write(Field::ept_pointer, machine.ept.pointer(vcpu.number));
}

} // namespace

bool begin_single_step(Vcpu& vcpu, const StoreTarget& target) {
    if (vcpu.stepped.active)
        return false;
    lock_page_tables(vcpu);
    const std::uint64_t page = align_down(target.gpa, page_size);
    StepPages& pages = *vcpu.step_pages;
    for (std::uint64_t offset = 0; offset < page_size; offset += sizeof(std::uint64_t)) {
        const std::uint64_t word = direct_word<std::uint64_t>(page + offset);
        std::memcpy(&pages.before[offset], &word, sizeof(word));
        std::memcpy(&pages.image[offset], &word, sizeof(word));
    }
    if (!enter_private_way(vcpu, target))
        return false;
    vcpu.stepped.active = true;
    vcpu.stepped.page = page;
    set_trap_flag(vcpu);
    return true;
}

void interrupt_single_step(Vcpu& vcpu, abi::ExitReason reason) {
    using abi::ExitReason;
    if (reason != ExitReason::exception_nmi && reason != ExitReason::ept_violation)
        end_single_step(vcpu);
}

bool end_single_step(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t page = vcpu.stepped.page;
    vcpu.stepped.active = false;
    clear_trap_flag(vcpu);
    leave_private_way(vcpu);
    lock_page_tables(vcpu);
    const Frame& frame = *machine.frames.of_address(page);
    const bool table = frame.level != 0 || frame.first_shadow != 0;
    StepPages& pages = *vcpu.step_pages;
    const abi::Error error =
        table ? machine.page_tables.apply(page, pages.before.data(), pages.image.data())
              : machine.tables.apply(page, pages.before.data(), pages.image.data());
    if (error != abi::Error::none)
        refuse_instruction(vcpu, error, "EPT_VIOLATION", page);
    return error == abi::Error::none;
}

} // namespace hv
