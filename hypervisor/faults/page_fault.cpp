// Page faults under shadow paging: the shadow tables did not allow what the guest did. Either the
// guest's own page tables do not allow it, and the fault is passed on to the guest; or the shadow
// entry had not been made yet; or the page is write-protected, and the store is judged.

#include "hypervisor/faults/page_fault.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/faults/protected_store.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/x86/rflags.h"

namespace hv {

namespace {

using abi::Error;
using abi::MemoryAccess;

/// A fault, as the exit tells it.
struct Fault {
    std::uint64_t linear;
    std::uint32_t code;                ///< fault_code
    InterruptionInformation vectoring; ///< the event whose delivery it interrupted
};

// Whether a page fault during the delivery of this event makes a double fault (SDM vol. 3, table
// 6-5).
bool makes_double_fault(InterruptionInformation vectoring) {
    if (!vectoring.valid() || vectoring.type() != InterruptionType::hardware_exception)
        return false;
    switch (vectoring.vector()) {
    case vector::divide_error:
    case vector::invalid_tss:
    case vector::segment_not_present:
    case vector::stack_segment_fault:
    case vector::general_protection:
    case vector::page_fault:
        return true;
    default:
        return false;
    }
}

// The fault is the guest's own. An event whose delivery it interrupted is lost, except a software
// interrupt, whose instruction runs again.
void reflect(Vcpu& vcpu, const Fault& fault, std::uint32_t code) {
    count(vcpu, MemoryAccess::reflected);
    if (fault.vectoring.valid() && fault.vectoring.vector() == vector::double_fault &&
        fault.vectoring.type() == InterruptionType::hardware_exception)
        return handle_triple_fault(vcpu);
    if (makes_double_fault(fault.vectoring))
        return inject_exception(vcpu, vector::double_fault);
    cpu::write_cr2(fault.linear);
    inject_exception(vcpu, vector::page_fault, code);
}

// Sets accessed and dirty bits in the guest's entries, as the processor would have done, and in the
// walk's copies of the entries.
void mark_used(Vcpu& vcpu, PageWalk& walk, bool write) {
    for (int level = FourLevelPaging::levels; level >= walk.level; --level) {
        WalkStep& step = walk.step[static_cast<std::size_t>(level)];
        const bool dirties = write && level == walk.level;
        const std::uint64_t used = paging::accessed | (dirties ? paging::dirty : 0);
        if ((step.entry & used) == used)
            continue;
        // An entry that another vCPU changed meanwhile keeps its change and gains the bits.
        step.entry = set_bits(step.address, used);
        Frame& frame = *vcpu.machine->frames.of_address(step.address);
        vcpu.machine->shadows.note_guest_bits(frame, step.address, step.entry);
    }
}

// The address leads to memory that the guest does not have.
void refuse(Vcpu& vcpu, const Fault& fault, std::string_view what, std::uint64_t address) {
    if (fault.vectoring.valid())
        stop_delivery(vcpu, what, address);
    count(vcpu, MemoryAccess::refused);
    refuse_instruction(vcpu, Error::bad_address, "EXCEPTION_NMI", address);
}

// Protections that no entry gives: a kernel's fetch from a user page under SMEP, and its access to
// one under SMAP while RFLAGS.AC is clear (SDM vol. 3, 4.6.1).
bool forbidden_by_mode(Vcpu& vcpu, const PageWalk& walk, std::uint32_t code) {
    if ((code & fault_code::user) != 0 || !walk.user)
        return false;
    const std::uint64_t cr4 = guest_cr4(vcpu);
    if ((code & fault_code::fetch) != 0)
        return (cr4 & cr4::supervisor_execution_prevention) != 0;
    return (cr4 & cr4::supervisor_access_prevention) != 0 &&
           (vcpu.vmcs.read(Field::guest_rflags) & rflags::alignment_check) == 0;
}

// The error code tells fetches from loads only where one of them can be forbidden alone (SDM vol.
// 3, 4.7); in the processor itself NXE is always on.
bool reports_fetches(Vcpu& vcpu) {
    return vcpu.machine->features.execute_disable ||
           (guest_cr4(vcpu) & cr4::supervisor_execution_prevention) != 0;
}

// A store to a read-only page: most likely the kernel copies the page, changes its entry, and
// invalidates it.
void expect_invalidation(Vcpu& vcpu, std::uint32_t code) {
    constexpr std::uint32_t read_only = fault_code::present | fault_code::write;
    const ShadowTables& shadows = vcpu.machine->shadows;
    if ((code & read_only) == read_only && shadows.can_displace() && shadows.has_unsynced())
        set_tables_aside(vcpu);
}

// Whether the guest's own page tables, or the modes of its processor, do not allow the access; the
// fault has then been passed on or refused.
bool is_guests(Vcpu& vcpu, const Fault& fault, const PageWalk& walk) {
    const bool write_protect = (guest_cr0(vcpu) & cr0::write_protect) != 0;
    std::uint32_t code = fault.code & (fault_code::write | fault_code::user);
    if ((fault.code & fault_code::fetch) != 0 && reports_fetches(vcpu))
        code |= fault_code::fetch;
    switch (walk.end) {
    case WalkEnd::not_present:
        break;
    case WalkEnd::reserved:
        code |= fault_code::present | fault_code::reserved;
        break;
    case WalkEnd::no_memory:
        refuse(vcpu, fault, "linear address", fault.linear);
        return true;
    case WalkEnd::mapped:
        if (!walk.forbids(fault.code, write_protect) && !forbidden_by_mode(vcpu, walk, fault.code))
            return false;
        code |= fault_code::present;
        break;
    }
    reflect(vcpu, fault, code);
    expect_invalidation(vcpu, code);
    return true;
}

void fill(Vcpu& vcpu, const Fault& fault, const PageWalk& walk) {
    ShadowTables& shadows = vcpu.machine->shadows;
    const std::uint64_t start = cpu::read_tsc();
    const auto result = [&] {
        // Where a table is out of step: the fault has dropped the translation of this address,
        // those of others are the guest's to invalidate.
        const LeftToGuest left{vcpu};
        return shadows.fill(current_shadow_root(vcpu), fault.linear, walk, fault.code);
    }();
    vcpu.statistics.shadow_ticks += cpu::read_tsc() - start;
    if (result == ShadowTables::Fill::nowhere)
        return refuse(vcpu, fault, "GPA", walk.gpa);
    count(vcpu, MemoryAccess::shadow_filled);
    repeat_event(vcpu);
}

// The monitor carries the store out, or steps it; for a step the page must be mapped.
void emulate(Vcpu& vcpu, const Fault& fault, const PageWalk& walk) {
    (void)vcpu.machine->shadows.fill(current_shadow_root(vcpu), fault.linear, walk, fault.code);
    emulate_store(vcpu, {walk.gpa, fault.linear, guest_cr3(vcpu)});
}

// A store to a page that the guest may not write. True when it has been handled; false when
// the page is writable now and its shadow entry has still to be filled.
bool store_to_protected(Vcpu& vcpu, const Fault& fault, const PageWalk& walk) {
    VirtualMachine& machine = *vcpu.machine;
    Frame& frame = *machine.frames.of_address(walk.gpa);
    if ((frame.flags & frame_flags::displaced) != 0)
        restore_root(vcpu, machine.frames.number(frame));
    if (machine.shadows.can_unsync(frame)) {
        machine.shadows.unsync(frame);
        if (machine.shadows.has_unsynced() && !machine.shadows.can_displace()) {
            // Roots that are loaded without an exit must be in step.
            withdraw_roots_everywhere(vcpu);
            tell_stale(machine, machine.every_vcpu());
        }
        count(vcpu, MemoryAccess::table_unsynced);
        return false;
    }
    if (fault.vectoring.valid())
        stop_delivery(vcpu, "GPA", walk.gpa);
    emulate(vcpu, fault, walk);
    return true;
}

} // namespace

void handle_page_fault(Vcpu& vcpu, InterruptionInformation event) {
    const Vmcs& vmcs = vcpu.vmcs;
    const Fault fault{vmcs.read(Field::exit_qualification),
                      static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_interruption_error_code)),
                      interrupted_event(vcpu)};
    if (event.nmi_unblocking_due_to_iret())
        block_nmis_again(vcpu);
    lock_page_tables(vcpu); // shadows may be dropped to make room
    const bool write = (fault.code & fault_code::write) != 0;
    PageWalk walk =
        walk_pages<FourLevelPaging>(vcpu.machine->memory, guest_cr3(vcpu) & paging::address_mask,
                                    fault.linear, vcpu.machine->shadows.features());
    if (is_guests(vcpu, fault, walk))
        return;
    mark_used(vcpu, walk, write);
    const Frame* frame = vcpu.machine->frames.of_address(walk.gpa);
    // A kernel with CR0.WP clear (only unaware kernels clear it) writes a page that its page tables
    // make read-only.
    if (write && !walk.writable)
        return emulate(vcpu, fault, walk);
    if (write && frame != nullptr && frame->write_locks != 0 &&
        store_to_protected(vcpu, fault, walk))
        return;
    if (write && is_intercepted_apic(*vcpu.machine, walk.gpa))
        return emulate_store(vcpu, {walk.gpa, fault.linear, guest_cr3(vcpu)});
    fill(vcpu, fault, walk);
}

} // namespace hv
