#include "hypervisor/faults/single_step.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_images.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/apic/register_image.h"
#include "hypervisor/instructions/decoder/store_decoder.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/run/fatal_exits.h"
#include "hypervisor/vcpu/breakpoints.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vmx/exit_qualification.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/rflags.h"

#include <algorithm>

namespace hv {

namespace {

constexpr std::uint32_t all_exceptions = 0xFFFFFFFF;
constexpr std::uint64_t changed_flags = rflags::trap | rflags::interrupt_enable;

// Adds the page of a store to those of the step: as an image, unless it has one, and as a path.
// False when the instruction has written to as many pages as a step can have, or to this one.
bool add_page(Vcpu& vcpu, const StoreTarget& target) {
    SingleStep& step = vcpu.single_step;
    const std::uint64_t page = align_down(target.gpa, page_size);
    const std::uint64_t address =
        vcpu.machine->shadows.in_use() ? align_down(target.linear, page_size) : page;
    const auto leads_there = [address](const SteppedPage& path) { return path.address == address; };
    if (step.paths.size() == step.paths.capacity() ||
        std::any_of(step.paths.begin(), step.paths.end(), leads_there))
        return false;
    const auto found = std::find(step.pages.begin(), step.pages.end(), page);
    const auto image = static_cast<std::size_t>(found - step.pages.begin());
    if (found == step.pages.end())
        step.pages.push_back(page);
    step.paths.push_back({address, image});
    if (page == local_apic_base)
        step.apic_register = static_cast<std::uint32_t>(target.gpa - page);
    return true;
}

void take_page(PageImage& image, std::uint64_t page) {
    if (page == local_apic_base)
        take_apic_image(image);
    else
        take_image(image, page);
}

// Sends the vCPU to the images; notes the root that it leaves.
bool enter_images(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    StepPages& pages = *vcpu.step_pages;
    const std::span<const SteppedPage> paths{vcpu.single_step.paths.data(),
                                             vcpu.single_step.paths.size()};
    if (machine.shadows.in_use()) {
        const ShadowNumber current = current_shadow_root(vcpu);
        const std::uint64_t root = lead_to_images(
            pages, {machine.shadows.address(current), machine.shadows.table(current).level}, paths,
            paging::dirty);
        if (root == 0)
            return false;
        if (vcpu.single_step.delivers_event)
            forbid_fetches(pages);
        vcpu.single_step.root = vcpu.roots.current.loaded;
        vcpu.vmcs.write(Field::guest_cr3, root);
        drop_before_entry(vcpu, Stale::all);
        return true;
    }
    const std::uint64_t root =
        lead_to_images(pages, {machine.ept.root(vcpu.number), FourLevelPaging::levels}, paths, 0);
    if (root == 0)
        return false;
    vcpu.single_step.root = machine.ept.pointer(vcpu.number);
    vcpu.vmcs.write(Field::ept_pointer, Ept::pointer_to(root));
    drop_ept_context(vcpu, Ept::pointer_to(root)); // what the step before has left
    return true;
}

// Nothing that was cached by the copied tables may be used again: under EPT the next step drops it.
void leave_images(Vcpu& vcpu) {
    if (!vcpu.machine->shadows.in_use())
        return vcpu.vmcs.write(Field::ept_pointer, vcpu.single_step.root);
    vcpu.vmcs.write(Field::guest_cr3, vcpu.single_step.root);
    drop_before_entry(vcpu, Stale::all);
}

// Begins a step on the pages of the one that this VM exit has interrupted, if any, and that of
// `target`. False: nothing has changed.
bool open_page(Vcpu& vcpu, const StoreTarget& target, bool delivers_event) {
    lock_page_tables(vcpu);
    SingleStep& step = vcpu.single_step;
    if (!ended_single_step_in_exit(vcpu) || step.delivers_event != delivers_event) {
        step.pages.clear();
        step.paths.clear();
    }
    step.delivers_event = delivers_event;
    if (!add_page(vcpu, target))
        return false;
    for (std::size_t index = 0; index < step.pages.size(); ++index)
        take_page(vcpu.step_pages->images[index], step.pages[index]);
    step.active = enter_images(vcpu);
    return step.active;
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
    // A breakpoint on the instruction has been met before the exit (18.3.1.1).
    vmcs.write(Field::guest_rflags,
               (step.rflags | rflags::trap | rflags::resume) & ~rflags::interrupt_enable);
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
    const std::uint64_t restored = has_run ? changed_flags : changed_flags | rflags::resume;
    vmcs.write(Field::guest_rflags,
               (vmcs.read(Field::guest_rflags) & ~restored) | (step.rflags & restored));
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

// An address in a code or stack segment. Outside 64-bit mode the segment has a base, and offsets of
// 16 or 32 bits.
std::uint64_t linear_in(Vcpu& vcpu, SegmentNumber number, std::uint64_t offset) {
    if (in_64_bit_mode(vcpu))
        return offset;
    const Segment segment = read_segment(vcpu, static_cast<std::size_t>(number));
    const std::uint64_t mask = segment.access_rights.default_operation_size() ? 0xFFFFFFFF : 0xFFFF;
    return (segment.base + (offset & mask)) & 0xFFFFFFFF;
}

// REX, and those of SDM vol. 2, 2.1.1, but LOCK.
bool is_prefix(std::uint8_t byte) {
    switch (byte) {
    case 0x26:
    case 0x2E:
    case 0x36:
    case 0x3E:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xF2:
    case 0xF3:
        return true;
    default:
        return byte >> 4 == 4;
    }
}

// PUSHF is 9C, after any prefixes.
bool is_pushf(Vcpu& vcpu) {
    constexpr std::uint8_t pushf = 0x9C;
    std::array<std::uint8_t, longest_instruction> code{};
    const std::uint32_t count = fetch_code_in_mode(
        vcpu, linear_in(vcpu, SegmentNumber::cs, vcpu.vmcs.read(Field::guest_rip)), code.data(),
        code.size());
    for (std::uint32_t index = 0; index < count; ++index) {
        if (code[index] == pushf)
            return true;
        if (!is_prefix(code[index]))
            return false;
    }
    return false;
}

// The flags that PUSHF has stored, at the top of the stack, as the guest has them. Where another
// instruction ran in its place this changes two bits of the guest's own stack.
void restore_stored_flags(Vcpu& vcpu) {
    constexpr std::uint8_t in_byte = changed_flags >> 8;
    const std::uint64_t linear =
        linear_in(vcpu, SegmentNumber::ss, vcpu.vmcs.read(Field::guest_rsp) + 1);
    const auto gpa = translate_in_mode(vcpu, linear);
    if (!gpa)
        return;
    const SingleStep& step = vcpu.single_step;
    const auto restored = [&step](std::uint8_t byte) {
        return static_cast<std::uint8_t>((byte & ~in_byte) | (step.rflags >> 8 & in_byte));
    };
    const auto found = std::find(step.pages.begin(), step.pages.end(), align_down(*gpa, page_size));
    if (found != step.pages.end()) {
        const auto image = static_cast<std::size_t>(found - step.pages.begin());
        std::uint8_t& byte = vcpu.step_pages->images[image].now[*gpa % page_size];
        byte = restored(byte);
        return;
    }
    // The store has crossed into the protected page from one that is not, or no longer.
    lock_page_tables(vcpu);
    const auto stored = vcpu.machine->memory.read<std::uint8_t>(*gpa);
    if (!stored || vcpu.machine->frames.is_write_protected(*gpa))
        return;
    (void)vcpu.machine->memory.write(*gpa, restored(*stored));
}

// Writes what differs in each image to its page, if all of it may stand there. Where the second
// page is refused, the first keeps what was judged right. The local APIC is written once for each
// instruction: where the instruction runs again, it has not been written.
abi::Error apply_stores(Vcpu& vcpu, bool has_run) {
    lock_page_tables(vcpu);
    const SingleStep& step = vcpu.single_step;
    for (std::size_t index = 0; index < step.pages.size(); ++index) {
        PageImage& image = vcpu.step_pages->images[index];
        const bool apic = step.pages[index] == local_apic_base;
        if (apic && !has_run)
            continue;
        const abi::Error error = apic ? apply_apic_image(vcpu, image, step.apic_register)
                                      : apply_image(vcpu, image, step.pages[index]);
        if (error != abi::Error::none)
            return error;
    }
    return abi::Error::none;
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
    // Bits of breakpoints that are not enabled may be set, too (28.2.1); by themselves they are no
    // exception.
    const std::uint64_t met = exception.breakpoints();
    const bool enabled = (met & enabled_breakpoints(vcpu.vmcs.read(Field::guest_dr7))) != 0;
    return {StepEnd::completed, enabled ? met : 0};
}

} // namespace

bool begin_single_step(Vcpu& vcpu, const StoreTarget& target) {
    if (!open_page(vcpu, target, false))
        return false;
    vcpu.single_step.stores_flags = is_pushf(vcpu);
    hold_events(vcpu);
    return true;
}

bool begin_stepped_delivery(Vcpu& vcpu, const StoreTarget& target) {
    // Pointers of PAE paging cannot forbid fetches (SDM vol. 3, table 4-8).
    return in_ia32e_mode(vcpu) && open_page(vcpu, target, true);
}

namespace {

// What another vCPU has protected since then is refused, as it is when a delivery begins.
StepEnd end_stepped_delivery(Vcpu& vcpu) {
    leave_images(vcpu);
    if (apply_stores(vcpu, false) != abi::Error::none)
        stop_delivery(vcpu, "GPA", vcpu.single_step.pages[0]);
    return StepEnd::interrupted;
}

} // namespace

StepEnd end_single_step(Vcpu& vcpu) {
    SingleStep& step = vcpu.single_step;
    step.active = false;
    step.ended_in_exit = vcpu.statistics.exits;
    if (step.delivers_event)
        return end_stepped_delivery(vcpu);
    const StepExit exit = judge_exit(vcpu);
    release_events(vcpu, exit.end == StepEnd::completed, exit.breakpoints);
    leave_images(vcpu);
    if (step.stores_flags && exit.end == StepEnd::completed)
        restore_stored_flags(vcpu);
    const bool has_run = exit.end == StepEnd::completed;
    if (const abi::Error error = apply_stores(vcpu, has_run); error != abi::Error::none) {
        refuse_instruction(vcpu, error, "store to GPA", step.pages[0]);
        return StepEnd::refused;
    }
    return exit.end;
}

bool ended_single_step_in_exit(const Vcpu& vcpu) {
    return vcpu.single_step.ended_in_exit == vcpu.statistics.exits;
}

} // namespace hv
