// Task switches of a guest that may be in every operating mode. A processor in VMX non-root
// operation has none: they exit after the checks of the gate and of the TSS descriptor (SDM vol. 3,
// 26.4.2), and the monitor does the rest (8.3).

#include "hypervisor/address_space/guest_access.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/registers/memory_operand.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/task_state.h"
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

#include <algorithm>

namespace hv {

namespace {

using Source = TaskSwitch::Source;

constexpr std::uint32_t stack_pointer = 4; ///< its number among the general registers
constexpr std::uint64_t low_half = 0xFFFFFFFF;

// The processor's own accesses, as those to tables: with the rights of ring 0. False when #PF has
// been injected.
template <class Piece>
bool access_system(Vcpu& vcpu, std::uint64_t linear, std::uint32_t size, std::uint32_t access,
                   Piece piece) {
    lock_page_tables(vcpu);
    for (std::uint32_t done = 0; done < size;) {
        const std::uint64_t here = (linear + done) & low_half;
        const GuestAccess page = access_operand(vcpu, here, access);
        const auto part = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(size - done, page_size - here % page_size));
        if (!page.is_allowed) {
            cpu::write_cr2(here);
            inject_fault(vcpu, vector::page_fault, page.error_code);
            return false;
        }
        if (!vcpu.machine->memory.contains(page.walk.gpa, part)) {
            refuse_instruction(vcpu, abi::Error::bad_address, "TASK_SWITCH", here);
            return false;
        }
        piece(done, page.walk.gpa, part);
        done += part;
    }
    return true;
}

template <class T>
bool read_system(Vcpu& vcpu, std::uint64_t linear, T& value) {
    auto* const bytes = reinterpret_cast<std::uint8_t*>(&value);
    return access_system(vcpu, linear, sizeof(T), 0,
                         [bytes](std::uint32_t at, std::uint64_t gpa, std::uint32_t size) {
                             copy_from_guest(bytes + at, gpa, size);
                         });
}

template <class T>
bool write_system(Vcpu& vcpu, std::uint64_t linear, const T& value) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
    return access_system(vcpu, linear, sizeof(T), fault_code::write,
                         [bytes](std::uint32_t at, std::uint64_t gpa, std::uint32_t size) {
                             copy_to_guest(gpa, bytes + at, size);
                         });
}

bool may_write_system(Vcpu& vcpu, std::uint64_t linear, std::uint32_t size) {
    return access_system(vcpu, linear, size, fault_code::write,
                         [](std::uint32_t, std::uint64_t, std::uint32_t) {});
}

// The error code of a fault that names a selector, and says whether an event from outside the
// program led to it (SDM vol. 3, 6.13).
std::uint32_t selector_code(const Vcpu& vcpu, std::uint16_t selector) {
    const InterruptionInformation event = interrupted_event(vcpu);
    const bool is_external =
        event.valid() && (event.type() == InterruptionType::external_interrupt ||
                          event.type() == InterruptionType::nmi ||
                          event.type() == InterruptionType::hardware_exception);
    return (selector & ~selector_error::mask) | (is_external ? 1U : 0U);
}

bool is_for_fault(InterruptionInformation event) {
    return event.valid() && event.type() == InterruptionType::hardware_exception &&
           event.vector() != vector::debug;
}

// Of an event that is an instruction of the guest's, as of CALL, JMP and IRET, the next instruction
// is saved.
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

// Where the descriptor of a selector lies; nothing where its table ends before it.
std::optional<std::uint64_t> descriptor_address(Vcpu& vcpu, Selector selector) {
    constexpr std::uint32_t size = 8;
    const Vmcs& vmcs = vcpu.vmcs;
    const bool is_local = selector.table() == DescriptorTable::ldt;
    const AccessRights ldtr{static_cast<std::uint32_t>(vmcs.read(Field::guest_ldtr_access_rights))};
    if (is_local && !ldtr.usable())
        return std::nullopt;
    const std::uint64_t base =
        vmcs.read(is_local ? Field::guest_ldtr_base : Field::guest_gdtr_base);
    const std::uint64_t limit =
        vmcs.read(is_local ? Field::guest_ldtr_limit : Field::guest_gdtr_limit);
    const std::uint64_t offset = std::uint64_t{selector.index()} * size;
    if (offset + size - 1 > limit)
        return std::nullopt;
    return (base + offset) & low_half;
}

/// The segments of the new task.
class NewSegments {
  public:
    NewSegments(Vcpu& vcpu, const TaskRegisters& registers) : vcpu_{vcpu}, registers_{registers} {}

    /// What is in the registers before any descriptor has been read: an exception may be raised
    /// with it. Those of virtual-8086 mode have no descriptors.
    void begin() {
        if (is_virtual_8086())
            return load_virtual_8086();
        for (const SegmentNumber number : data_segments)
            write(number, {selector(number).raw, 0, 0, AccessRights::unusable()});
        write(SegmentNumber::cs, flat_code_32(selector(SegmentNumber::cs).raw));
        write(SegmentNumber::ss, flat_data(selector(SegmentNumber::ss).raw));
    }

    /// False when an exception has been injected.
    bool load() {
        if (is_virtual_8086())
            return true;
        Segment code;
        Segment stack;
        if (!read(SegmentNumber::cs, code, true) || !read(SegmentNumber::ss, stack, true))
            return false;
        write(SegmentNumber::cs, code);
        write(SegmentNumber::ss, stack);
        for (const SegmentNumber number : data_segments) {
            Segment data;
            if (!read(number, data, false))
                return false;
            write(number, data);
        }
        return true;
    }

  private:
    static constexpr SegmentNumber data_segments[]{SegmentNumber::es, SegmentNumber::ds,
                                                   SegmentNumber::fs, SegmentNumber::gs};

    bool is_virtual_8086() const { return (registers_.eflags & rflags::virtual_8086_mode) != 0; }
    void write(SegmentNumber number, const Segment& segment) {
        write_segment(vcpu_, static_cast<std::size_t>(number), segment);
    }
    Selector selector(SegmentNumber number) const {
        return {static_cast<std::uint16_t>(registers_.selector[static_cast<std::size_t>(number)])};
    }
    std::uint8_t new_privilege_level() const {
        return selector(SegmentNumber::cs).requested_privilege_level();
    }

    void load_virtual_8086() {
        constexpr AccessRights rights{0xF3}; // SDM vol. 3, 27.3.1.2
        for (std::size_t number = 0; number < segment_register_count; ++number) {
            const auto value = static_cast<std::uint16_t>(registers_.selector[number]);
            write_segment(vcpu_, number, {value, std::uint64_t{value} << 4, 0xFFFF, rights});
        }
    }

    bool fail(std::uint8_t vector, Selector wanted) {
        inject_exception(vcpu_, vector, selector_code(vcpu_, wanted.raw));
        return false;
    }

    // The rules of SDM vol. 3, 8.3, table 8-1: #TS, but for a segment that is absent.
    bool is_right(SegmentNumber number, SegmentDescriptor descriptor) const {
        const std::uint8_t requested = selector(number).requested_privilege_level();
        const std::uint8_t level = descriptor.privilege_level();
        const std::uint8_t type = descriptor.type();
        if (!descriptor.code_or_data())
            return false;
        switch (number) {
        case SegmentNumber::cs:
            return descriptor.code() &&
                   (descriptor.conforming() ? level <= requested : level == requested);
        case SegmentNumber::ss:
            return !descriptor.code() && (type & segment_type::writable) != 0 &&
                   level == requested && level == new_privilege_level();
        default:
            return descriptor.code() ? (type & segment_type::readable) != 0 &&
                                           (descriptor.conforming() ||
                                            level >= std::max(requested, new_privilege_level()))
                                     : level >= std::max(requested, new_privilege_level());
        }
    }

    bool read(SegmentNumber number, Segment& segment, bool is_needed) {
        const Selector wanted = selector(number);
        segment = {wanted.raw, 0, 0, AccessRights::unusable()};
        if (wanted.null())
            return !is_needed || fail(vector::invalid_tss, wanted);
        const auto address = descriptor_address(vcpu_, wanted);
        if (!address)
            return fail(vector::invalid_tss, wanted);
        SegmentDescriptor descriptor{};
        if (!read_system(vcpu_, *address, descriptor.raw))
            return false;
        if (!is_right(number, descriptor))
            return fail(vector::invalid_tss, wanted);
        if (!descriptor.present()) {
            return fail(number == SegmentNumber::ss ? vector::stack_segment_fault
                                                    : vector::segment_not_present,
                        wanted);
        }
        if ((descriptor.raw & SegmentDescriptor::accessed_bit) == 0) {
            descriptor.raw |= SegmentDescriptor::accessed_bit;
            if (!write_system(vcpu_, *address, descriptor.raw))
                return false;
        }
        segment = segment_from_descriptor(wanted.raw, descriptor.raw);
        return true;
    }

    Vcpu& vcpu_;
    const TaskRegisters& registers_;
};

bool load_ldt(Vcpu& vcpu, std::uint16_t raw) {
    const Selector selector{raw};
    write_ldtr(vcpu, {raw, 0, 0, AccessRights::unusable()});
    if (selector.null())
        return true;
    const auto address = selector.table() == DescriptorTable::gdt
                             ? descriptor_address(vcpu, selector)
                             : std::nullopt;
    SegmentDescriptor descriptor{};
    if (address && !read_system(vcpu, *address, descriptor.raw))
        return false;
    if (!address || descriptor.code_or_data() || descriptor.type() != segment_type::ldt ||
        !descriptor.present()) {
        inject_exception(vcpu, vector::invalid_tss, selector_code(vcpu, raw));
        return false;
    }
    write_ldtr(vcpu, segment_from_descriptor(raw, descriptor.raw));
    return true;
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
    if (address && !read_system(vcpu, *address, descriptor.raw))
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
    if (!read_system(vcpu, descriptor.base(), state) ||
        !may_write_system(vcpu, old_base + saved_offset, sizeof(TaskRegisters)) ||
        (old_address && !read_system(vcpu, *old_address, old_descriptor.raw)))
        return false;

    const bool nests = source == Source::call || source == Source::task_gate_in_idt;
    if (!nests && old_address) {
        old_descriptor.raw &= ~SegmentDescriptor::busy_bit;
        if (!write_system(vcpu, *old_address, old_descriptor.raw))
            return false;
    }
    if (!write_system(vcpu, old_base + saved_offset, registers_to_save(vcpu, event, source)))
        return false;
    if (nests && !write_system(vcpu, descriptor.base(), old_selector.raw))
        return false;
    descriptor.raw |= SegmentDescriptor::busy_bit;
    if (source != Source::iret && !write_system(vcpu, *address, descriptor.raw))
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
    NewSegments segments{vcpu, state.registers};
    segments.begin();
    if (!load_task_root(vcpu, state.cr3))
        return inject_exception(vcpu, vector::general_protection);
    if (!load_ldt(vcpu, static_cast<std::uint16_t>(state.ldt)) || !segments.load())
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
    if (!vcpu.machine->runs_in_every_mode() || (vcpu.efer & efer::long_mode_active) != 0 ||
        old_tss.type() != segment_type::tss_busy)
        return refuse_instruction(vcpu, abi::Error::task_gate, "TASK_SWITCH", exit.raw);
    const InterruptionInformation event = interrupted_event(vcpu);
    Segment new_tss;
    TaskStateSegment state{};
    if (leave_old_task(vcpu, exit, event, new_tss, state))
        enter_new_task(vcpu, exit.source(), event, new_tss, state);
}

} // namespace hv
