// Page faults under shadow paging: the shadow tables did not allow what the guest did. Either the
// guest's own page tables do not allow it, and the fault is passed on to the guest; or the shadow
// entry had not been made yet; or the page is write-protected, and the store is judged.

#include "hypervisor/faults/page_fault.h"

#include "hypervisor/address_space/guest_access.h"
#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/faults/protected_store.h"
#include "hypervisor/faults/single_step.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/held_event.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"

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

// Whether the event whose delivery met a page fault is this exception.
bool is_exception(InterruptionInformation event, std::uint8_t vector) {
    return event.valid() && event.type() == InterruptionType::hardware_exception &&
           event.vector() == vector;
}

// The fault is the guest's own. Where it came during the delivery of another page fault, or of a
// double fault, it makes a worse one. After any other event, a contributory exception too, it comes
// by itself (SDM vol. 3, tables 6-4 and 6-5), and that event comes again.
void reflect(Vcpu& vcpu, const Fault& fault, std::uint32_t code) {
    count(vcpu, MemoryAccess::reflected);
    if (is_exception(fault.vectoring, vector::double_fault))
        return handle_triple_fault(vcpu);
    if (is_exception(fault.vectoring, vector::page_fault))
        return inject_fault(vcpu, vector::double_fault);
    if (fault.vectoring.valid())
        hold_event(vcpu, fault.vectoring);
    cpu::write_cr2(fault.linear);
    inject_fault(vcpu, vector::page_fault, code);
}

// The address leads to memory that the guest does not have.
void refuse(Vcpu& vcpu, const Fault& fault, std::string_view what, std::uint64_t address) {
    if (fault.vectoring.valid())
        stop_delivery(vcpu, what, address);
    count(vcpu, MemoryAccess::refused);
    refuse_instruction(vcpu, Error::bad_address, "EXCEPTION_NMI", address);
}

// A store to a read-only page: most likely the kernel copies the page, changes its entry, and
// invalidates it.
void expect_invalidation(Vcpu& vcpu, std::uint32_t code) {
    constexpr std::uint32_t read_only = fault_code::present | fault_code::write;
    const ShadowTables& shadows = vcpu.machine->shadows;
    if ((code & read_only) == read_only && shadows.can_displace() && shadows.has_unsynced())
        set_tables_aside(vcpu);
}

[[gnu::cold, gnu::noinline]] void leads_nowhere(Vcpu& vcpu, const Fault& fault,
                                                const GuestAccess& access) {
    const std::uint64_t gpa = access.walk.gpa;
    if ((access.access & fault_code::write) != 0 && !fault.vectoring.valid() &&
        vcpu.machine->chipset.guards(gpa))
        return drop_store(vcpu, {gpa, access.linear, guest_cr3(vcpu)});
    refuse(vcpu, fault, "GPA", gpa);
}

// An access that this exit had no time for is repeated too.
[[gnu::always_inline]] inline void fill(Vcpu& vcpu, const Fault& fault, const GuestAccess& access) {
    if (fill_shadows(vcpu, access) == ShadowFill::Fill::nowhere)
        return leads_nowhere(vcpu, fault, access);
    count(vcpu, MemoryAccess::shadow_filled);
    repeat_interrupted_event(vcpu);
}

// The monitor carries the store out, or steps it; for a step the page must be mapped.
[[gnu::always_inline]] inline void emulate(Vcpu& vcpu, const GuestAccess& access) {
    (void)vcpu.machine->shadows.fill(current_shadow_root(vcpu), access.linear, access.walk,
                                     access.access);
    emulate_store(vcpu, {access.walk.gpa, access.linear, guest_cr3(vcpu)});
}

// The processor's own store, while it delivers an event, cannot be carried out in its place: the
// event is delivered onto a copy of the page.
[[gnu::cold]] void deliver_read_only(Vcpu& vcpu, const GuestAccess& access) {
    const std::uint64_t gpa = access.walk.gpa;
    // The fill may have write-protected the page: it may be a page table of this very walk.
    const Frame* const page = vcpu.machine->frames.of_address(gpa);
    if (page == nullptr || page->write_locks != 0 ||
        !begin_stepped_delivery(vcpu, {gpa, access.linear, guest_cr3(vcpu)}))
        stop_delivery(vcpu, "GPA", gpa);
    count(vcpu, MemoryAccess::stepped_write);
    repeat_interrupted_event(vcpu);
}

// A kernel with CR0.WP clear writes to a page that its page tables make read-only. Where the shadow
// entry cannot be overridden, each store is carried out.
void write_read_only(Vcpu& vcpu, const Fault& fault, const GuestAccess& access) {
    VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t cr4 = guest_cr4(vcpu);
    // An entry above may deny the page to ring 3 now, and not later.
    const std::uint64_t entry = access.walk.step[static_cast<std::size_t>(access.walk.level)].entry;
    const bool hides_user_page =
        (entry & paging::user) != 0 && (cr4 & cr4::supervisor_access_prevention) != 0;
    const bool overridable = machine.vcpu_count == 1 && !hides_user_page;
    if (overridable || fault.vectoring.valid()) {
        if (fill_shadows(vcpu, access) == ShadowFill::Fill::unfinished)
            return repeat_interrupted_event(vcpu);
        if (overridable && machine.shadows.override_read_only(
                               current_shadow_root(vcpu), access.linear, access.walk,
                               (cr4 & cr4::supervisor_execution_prevention) == 0)) {
            count(vcpu, MemoryAccess::shadow_filled);
            return repeat_interrupted_event(vcpu);
        }
    }
    if (fault.vectoring.valid())
        return deliver_read_only(vcpu, access);
    emulate(vcpu, access);
}

bool leads_through(const PageWalk& walk, std::uint64_t page) {
    for (int level = FourLevelPaging::levels; level >= walk.level; --level)
        if (align_down(walk.step[static_cast<std::size_t>(level)].address, page_size) == page)
            return true;
    return false;
}

// An event is delivered onto a page that is not read-only. If it is protected only because it has
// shadow page tables, it loses them, unless the store needs them.
// False: to be repeated.
bool open_for_delivery(Vcpu& vcpu, const PageWalk& walk, Frame& frame) {
    if (!vcpu.machine->shadows.drop(frame))
        return false;
    if (frame.write_locks != 0 || leads_through(walk, align_down(walk.gpa, page_size)))
        stop_delivery(vcpu, "GPA", walk.gpa);
    return true;
}

// This exit has no time for what the store needs: it is done in the next one.
bool repeat(Vcpu& vcpu) {
    repeat_interrupted_event(vcpu);
    return true;
}

// A store to a page that the guest may not write. True when it has been handled; false when
// the page is writable now and its shadow entry has still to be filled.
[[gnu::always_inline]] inline bool store_to_protected(Vcpu& vcpu, const Fault& fault,
                                                      const GuestAccess& access, Frame& frame) {
    VirtualMachine& machine = *vcpu.machine;
    if ((frame.flags & frame_flags::displaced) != 0 &&
        !restore_root(vcpu, machine.frames.number(frame)))
        return repeat(vcpu);
    if (machine.shadows.can_unsync(frame)) {
        if (!machine.shadows.unsync(frame))
            return repeat(vcpu);
        if (machine.shadows.has_unsynced() && !machine.shadows.can_displace()) {
            // Roots that are loaded without an exit must be in step.
            withdraw_roots_everywhere(vcpu);
            tell_stale(machine, machine.every_vcpu());
        }
        count(vcpu, MemoryAccess::table_unsynced);
        return false;
    }
    if (fault.vectoring.valid())
        return !open_for_delivery(vcpu, access.walk, frame) && repeat(vcpu);
    emulate(vcpu, access);
    return true;
}

[[gnu::cold, gnu::noinline]] void store_to_apic(Vcpu& vcpu, const Fault& fault,
                                                const GuestAccess& access) {
    if (fault.vectoring.valid())
        stop_delivery(vcpu, "GPA", access.walk.gpa);
    emulate(vcpu, access);
}

[[gnu::always_inline]] inline void handle_access(Vcpu& vcpu, const Fault& fault,
                                                 const GuestAccess& access) {
    const PageWalk& walk = access.walk;
    if (walk.end == WalkEnd::no_memory)
        return refuse(vcpu, fault, "linear address", fault.linear);
    if (!access.is_allowed) {
        reflect(vcpu, fault, access.error_code);
        return expect_invalidation(vcpu, access.error_code);
    }
    const bool write = (fault.code & fault_code::write) != 0;
    Frame* const frame = vcpu.machine->frames.of_address(walk.gpa);
    if (write && frame != nullptr && frame->write_locks != 0 &&
        store_to_protected(vcpu, fault, access, *frame))
        return;
    if (write && is_intercepted_apic(*vcpu.machine, walk.gpa))
        return store_to_apic(vcpu, fault, access);
    if (write && !walk.writable) [[unlikely]]
        return write_read_only(vcpu, fault, access);
    fill(vcpu, fault, access);
}

[[gnu::cold, gnu::noinline]] void handle_outside_long_mode(Vcpu& vcpu, const Fault& fault) {
    handle_access(vcpu, fault, access_operand(vcpu, fault.linear, fault.code));
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
    if (!in_ia32e_mode(vcpu)) [[unlikely]]
        return handle_outside_long_mode(vcpu, fault);
    handle_access(vcpu, fault, access_guest(vcpu, fault.linear, fault.code));
}

} // namespace hv
