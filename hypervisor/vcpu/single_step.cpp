#include "hypervisor/vcpu/single_step.h"

#include "hypervisor/vcpu/guest_root.h"
#include "hypervisor/vcpu/page_tables.h"
#include "hypervisor/vcpu/pending.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

constexpr std::uint64_t trap_flag = 1 << 8;
constexpr std::uint64_t interrupt_flag = 1 << 9;
constexpr std::uint64_t pending_single_step = 1 << 14;
// Interruptibility state (SDM vol. 3, 25.4.2).
constexpr std::uint64_t blocking_by_sti_or_mov_ss = 3;
constexpr std::uint64_t blocking_by_nmi = 8;
constexpr std::uint64_t all_exceptions = 0xFFFFFFFF;

// The step must end before any handler of the guest's runs, since the page is open: interrupts and
// NMIs wait, and every exception exits.
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

} // namespace

bool begin_single_step(Vcpu& vcpu, const StoreTarget& target) {
    if (vcpu.stepped.active)
        return false;
    VirtualMachine& machine = *vcpu.machine;
    if (machine.shadows.in_use()) {
        if (!machine.shadows.open(current_shadow_root(vcpu), target.linear))
            return false;
    } else {
        machine.protected_pages.open(target.gpa);
    }
    vcpu.stepped.active = true;
    vcpu.stepped.page = align_down(target.gpa, page_size);
    for (std::uint64_t offset = 0; offset < page_size; ++offset)
        vcpu.stepped_copy[offset] = direct_word<std::uint8_t>(vcpu.stepped.page + offset);
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
    if (machine.shadows.in_use()) {
        machine.shadows.close();
    } else {
        machine.protected_pages.close(page);
        if (machine.protected_pages.take_rights_reduced())
            drop_ept_translations(vcpu);
    }
    const Frame& frame = *machine.frames.of_address(page);
    const bool table = frame.level != 0 || frame.first_shadow != 0;
    const abi::Error error =
        table ? machine.page_tables.judge_page(page, vcpu.stepped_copy, vcpu.tables)
              : vcpu.tables.judge_page(page, vcpu.stepped_copy);
    drop_stale_translations(vcpu);
    if (error != abi::Error::none)
        refuse_instruction(vcpu, error, "EPT_VIOLATION", page);
    return error == abi::Error::none;
}

} // namespace hv
