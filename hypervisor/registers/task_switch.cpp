// Task switches of a guest that may be in every operating mode. A processor in VMX non-root
// operation has none: they exit after the checks of the gate and of the TSS descriptor (SDM vol. 3,
// 26.4.2), and the monitor does the rest (8.3).

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/registers/implicit_access.h"
#include "hypervisor/registers/memory_operand.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/task_segments.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/numbered_register.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vmx/exit_qualification.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/descriptor.h"
#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/selector.h"

namespace hv {

namespace {

using Source = TaskSwitch::Source;

constexpr std::uint32_t stack_pointer = 4; ///< its number among the general registers
constexpr std::uint64_t low_half = 0xFFFFFFFF;

bool is_for_fault(InterruptionInformation event) {
    return event.valid() && event.type() == InterruptionType::hardware_exception &&
           event.vector() != vector::debug;
}

// Whether the old task goes on with the next instruction: after CALL, JMP and IRET, and after an
// event that is an instruction itself, as INT n is.
bool saves_next_instruction(InterruptionInformation event, Source source) {
    return source != Source::task_gate_in_idt ||
           event.type() == InterruptionType::software_interrupt ||
           event.type() == InterruptionType::privileged_software_exception ||
           event.type() == InterruptionType::software_exception;
}

TaskRegisters registers_to_save(Vcpu& vcpu, InterruptionInformation event, Source source) {
    const Vmcs& vmcs = vcpu.vmcs;
    TaskRegisters saved{};
    saved.eip = static_cast<std::uint32_t>(vmcs.read(Field::guest_rip));
    if (saves_next_instruction(event, source))
        saved.eip += static_cast<std::uint32_t>(vmcs.read(Field::vm_exit_instruction_length));
    saved.eflags = static_cast<std::uint32_t>(vmcs.read(Field::guest_rflags));
    if (source == Source::iret)
        saved.eflags &= ~static_cast<std::uint32_t>(rflags::nested_task);
    if (is_for_fault(event))
        saved.eflags |= static_cast<std::uint32_t>(rflags::resume);
    for (std::uint32_t number = 0; number < std::size(saved.general); ++number)
        saved.general[number] = static_cast<std::uint32_t>(read_register(vcpu, number));
    for (std::size_t number = 0; number < segment_register_count; ++number)
        saved.selector[number] = read_segment(vcpu, number).selector;
    return saved;
}

void load_registers(Vcpu& vcpu, const TaskRegisters& registers, bool nests) {
    const Vmcs& vmcs = vcpu.vmcs;
    std::uint64_t flags = (registers.eflags & ~rflags::reserved_zero) | rflags::always_one;
    if (nests)
        flags |= rflags::nested_task;
    vmcs.write(Field::guest_rip, registers.eip);
    vmcs.write(Field::guest_rflags, flags);
    for (std::uint32_t number = 0; number < std::size(registers.general); ++number)
        write_register(vcpu, number, registers.general[number]);
}

// Breakpoints of the old task alone, and blocking by its instructions, end.
void end_old_task(Vcpu& vcpu, Source source) {
    constexpr std::uint64_t local_breakpoints = 0x155; // L0 to L3 and LE of DR7
    const Vmcs& vmcs = vcpu.vmcs;
    vmcs.write(Field::guest_dr7, vmcs.read(Field::guest_dr7) & ~local_breakpoints);
    std::uint64_t blocking = vmcs.read(Field::guest_interruptibility_state) &
                             ~std::uint64_t{interruptibility::sti_or_mov_ss};
    if (source == Source::iret)
        blocking &= ~std::uint64_t{interruptibility::nmi};
    vmcs.write(Field::guest_interruptibility_state, blocking);
}

bool push_error_code(Vcpu& vcpu, std::uint32_t code) {
    const Segment stack = read_segment(vcpu, static_cast<std::size_t>(SegmentNumber::ss));
    const std::uint8_t size = stack.access_rights.default_operation_size() ? 32 : 16;
    const std::uint64_t mask = (std::uint64_t{1} << size) - 1;
    const std::uint64_t old = read_register(vcpu, stack_pointer);
    const std::uint64_t below = (old - sizeof(code)) & mask;
    if (!MemoryOperand{vcpu, SegmentNumber::ss, size, below}.store(0, code))
        return false;
    write_register(vcpu, stack_pointer, (old & ~mask & low_half) | below);
    return true;
}

// Up to the moment at which the new task is the current one. False when an exception has been
// injected instead.
bool leave_old_task(Vcpu& vcpu, TaskSwitch exit, InterruptionInformation event, Segment& new_tss,
                    TaskStateSegment& state) {
    const Source source = exit.source();
    const Selector selector{exit.selector()};
    const auto address = descriptor_address(vcpu, selector);
    SegmentDescriptor descriptor{};
    if (address && !read_implicitly(vcpu, *address, descriptor.raw))
        return false;
    // Another vCPU may have changed the descriptor since the processor looked at it.
    const std::uint8_t wanted =
        source == Source::iret ? segment_type::tss_busy : segment_type::tss_available;
    if (!address || descriptor.code_or_data() || descriptor.type() != wanted ||
        !descriptor.present() || descriptor.limit() < sizeof(TaskStateSegment) - 1) {
        inject_fault(vcpu, vector::invalid_tss, selector_code(vcpu, selector.raw));
        return false;
    }
    const std::uint64_t old_base = vcpu.vmcs.read(Field::guest_tr_base);
    const Selector old_selector{
        static_cast<std::uint16_t>(vcpu.vmcs.read(Field::guest_tr_selector))};
    const auto old_address = descriptor_address(vcpu, old_selector);
    SegmentDescriptor old_descriptor{};
    constexpr std::uint32_t saved_offset = offsetof(TaskStateSegment, registers);
    if (!read_implicitly(vcpu, descriptor.base(), state) ||
        !may_write_implicitly(vcpu, old_base + saved_offset, sizeof(TaskRegisters)) ||
        (old_address && !read_implicitly(vcpu, *old_address, old_descriptor.raw)))
        return false;

    const bool nests = source == Source::call || source == Source::task_gate_in_idt;
    if (!nests && old_address) {
        old_descriptor.raw &= ~SegmentDescriptor::busy_bit;
        if (!write_implicitly(vcpu, *old_address, old_descriptor.raw))
            return false;
    }
    if (!write_implicitly(vcpu, old_base + saved_offset, registers_to_save(vcpu, event, source)))
        return false;
    if (nests && !write_implicitly(vcpu, descriptor.base(), old_selector.raw))
        return false;
    descriptor.raw |= SegmentDescriptor::busy_bit;
    if (source != Source::iret && !write_implicitly(vcpu, *address, descriptor.raw))
        return false;
    new_tss = segment_from_descriptor(selector.raw, descriptor.raw);
    return true;
}

// What follows is of the new task, its exceptions too (SDM vol. 3, 8.3).
void enter_new_task(Vcpu& vcpu, Source source, InterruptionInformation event,
                    const Segment& new_tss, const TaskStateSegment& state) {
    const bool nests = source == Source::call || source == Source::task_gate_in_idt;
    const auto error_code =
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::idt_vectoring_error_code));
    end_old_task(vcpu, source);
    write_task_register(vcpu, new_tss);
    (void)set_guest_cr0(vcpu, guest_cr0(vcpu) | cr0::task_switched); // changes no mode
    load_registers(vcpu, state.registers, nests);
    TaskSegments segments{vcpu, state.registers};
    segments.begin();
    if (!load_task_root(vcpu, state.cr3))
        return inject_exception(vcpu, vector::general_protection);
    if (!load_task_ldt(vcpu, static_cast<std::uint16_t>(state.ldt)) || !segments.load())
        return;
    if (event.valid() && event.error_code() && !push_error_code(vcpu, error_code))
        return;
    if (state.registers.eip > read_segment(vcpu, static_cast<std::size_t>(SegmentNumber::cs)).limit)
        inject_exception(vcpu, vector::general_protection);
}

} // namespace

// A 16-bit TSS is refused, by its name.
void handle_task_switch(Vcpu& vcpu) {
    const TaskSwitch exit{vcpu.vmcs.read(Field::exit_qualification)};
    const AccessRights old_tss{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::guest_tr_access_rights))};
    if (!vcpu.machine->runs_in_protected_mode() || in_ia32e_mode(vcpu) ||
        old_tss.type() != segment_type::tss_busy)
        return refuse_instruction(vcpu, abi::Error::task_gate, "TASK_SWITCH", exit.raw);
    const InterruptionInformation event = interrupted_event(vcpu);
    Segment new_tss;
    TaskStateSegment state{};
    if (leave_old_task(vcpu, exit, event, new_tss, state))
        enter_new_task(vcpu, exit.source(), event, new_tss, state);
}

} // namespace hv
