#include "hypervisor/vcpu/single_step.h"

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
    vmcs.write(Field::exception_bitmap, 0);
    vmcs.write(Field::guest_rflags,
               (vmcs.read(Field::guest_rflags) & ~changed) | (stepped.flags & changed));
    vmcs.write(Field::guest_interruptibility_state,
               stepped.interruptibility & ~blocking_by_sti_or_mov_ss);
    if ((stepped.flags & trap_flag) != 0) // the guest steps itself
        vmcs.write(Field::guest_pending_debug_exceptions, pending_single_step);
}

} // namespace

bool begin_single_step(Vcpu& vcpu, std::uint64_t gpa) {
    if (vcpu.stepped.active)
        return false;
    vcpu.stepped.active = true;
    vcpu.stepped.page = align_down(gpa, page_size);
    for (std::uint64_t offset = 0; offset < page_size; ++offset)
        vcpu.stepped_copy[offset] = direct_word<std::uint8_t>(vcpu.stepped.page + offset);
    vcpu.machine->protected_pages.open(gpa);
    set_trap_flag(vcpu);
    return true;
}

void interrupt_single_step(Vcpu& vcpu, abi::ExitReason reason) {
    using abi::ExitReason;
    if (reason != ExitReason::exception_nmi && reason != ExitReason::ept_violation)
        end_single_step(vcpu);
}

bool end_single_step(Vcpu& vcpu) {
    ProtectedPages& pages = vcpu.machine->protected_pages;
    const std::uint64_t page = vcpu.stepped.page;
    vcpu.stepped.active = false;
    clear_trap_flag(vcpu);
    pages.close(page);
    if (pages.take_rights_reduced())
        drop_ept_translations(vcpu);
    const abi::Error error = vcpu.tables.judge_page(page, vcpu.stepped_copy);
    if (error != abi::Error::none)
        refuse_instruction(vcpu, error, "EPT_VIOLATION", page);
    return error == abi::Error::none;
}

} // namespace hv
