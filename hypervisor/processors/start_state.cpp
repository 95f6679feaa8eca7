// Loading a state into a vCPU, in 64-bit mode or in protected mode: everything is judged as if the
// guest had loaded it itself.

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/reset_state.h"
#include "hypervisor/vcpu/entry_violations.h"
#include "hypervisor/vcpu/note.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/x86/rflags.h"

#include <bit>

namespace hv {

using abi::Error;

namespace {

constexpr std::uint64_t allowed_flags =
    ~(rflags::reserved_zero | rflags::virtual_8086_mode | rflags::trap);
constexpr std::uint64_t efer_needed = efer::long_mode_enable | efer::long_mode_active;

// The part of the judgement that does not depend on the vCPU.
Error judge_values(std::uint64_t rip, std::uint64_t flags, std::uint64_t efer) {
    if (!is_canonical(rip))
        return Error::bad_address;
    const bool good = (flags & ~allowed_flags) == 0 && (efer & efer_needed) == efer_needed;
    return good ? Error::none : Error::bad_value;
}

Error load_control_registers(Vcpu& vcpu, const StartupState& state) {
    if (!write_guest_msr(vcpu, number(Msr::ia32_efer), state.efer))
        return Error::bad_value;
    if (const Error error = complete(vcpu, [&] { return set_guest_cr4(vcpu, state.cr4); });
        error != Error::none)
        return error;
    if (const Error error = complete(vcpu, [&] { return set_guest_cr0(vcpu, state.cr0); });
        error != Error::none)
        return error;
    return complete(vcpu, [&] {
        return state.in_64_bit_mode() ? set_guest_cr3(vcpu, state.cr3)
                                      : load_root_outside_long_mode(vcpu, state.cr3);
    });
}

Error load_table_registers(Vcpu& vcpu, const StartupState& state) {
    // An IDT at address 0 is the one of real mode, as INIT leaves it.
    const bool has_idt = state.idtr.limit != 0 && state.idtr.base != 0;
    if (vcpu.machine->owns_descriptors()) {
        const Error error = complete(vcpu, [&] { return set_guest_gdtr(vcpu, state.gdtr); });
        if (error != Error::none || !has_idt)
            return error;
        return complete(vcpu, [&] { return set_guest_idtr(vcpu, state.idtr); });
    }
    if (!is_canonical(state.gdtr.base) || !is_canonical(state.idtr.base))
        return Error::bad_address;
    vcpu.vmcs.write(Field::guest_gdtr_base, state.gdtr.base);
    vcpu.vmcs.write(Field::guest_gdtr_limit, state.gdtr.limit);
    vcpu.vmcs.write(Field::guest_idtr_base, has_idt ? state.idtr.base : 0);
    vcpu.vmcs.write(Field::guest_idtr_limit, has_idt ? state.idtr.limit : 0);
    return Error::none;
}

constexpr bool is_code_64(const Segment& segment) {
    const AccessRights rights = segment.access_rights;
    return rights.usable() && rights.present() && rights.code_or_data() && rights.long_mode() &&
           !rights.default_operation_size() && rights.privilege_level() == 0 &&
           (rights.type() & (segment_type::code | segment_type::conforming)) == segment_type::code;
}

// Whether 64-bit mode may have this in a segment register other than CS; empty if the selector is
// null.
constexpr bool is_data(const Segment& segment) {
    const AccessRights rights = segment.access_rights;
    if (!rights.usable())
        return true;
    return rights.present() && rights.code_or_data() && rights.privilege_level() == 0 &&
           (rights.type() & segment_type::code) == 0 &&
           (rights.type() & segment_type::writable) != 0 &&
           (rights.type() & segment_type::expand_down) == 0;
}

// The segment with its accessed bit set, as a load would have set it.
Segment accessed(Segment segment) {
    if (segment.access_rights.usable())
        segment.access_rights.raw |= segment_type::accessed;
    return segment;
}

Error judge_segments(const StartupState& state) {
    for (std::size_t index = 0; index < state.segments.size(); ++index) {
        const bool is_code = index == static_cast<std::size_t>(SegmentNumber::cs);
        const Segment& segment = state.segments[index];
        const bool is_stack = index == static_cast<std::size_t>(SegmentNumber::ss);
        if (is_code ? !is_code_64(segment) : !is_data(segment))
            return Error::bad_selector;
        if ((is_code || is_stack) && Selector{segment.selector}.requested_privilege_level() != 0)
            return Error::bad_selector;
    }
    return Error::none;
}

} // namespace

namespace {

// In protected mode the rules of VM entry judge the segments (judge_entry).
Error judge_state(const Vcpu& vcpu, const StartupState& state) {
    if (vcpu.machine->interprets_real_address_mode() && !state.in_64_bit_mode())
        return (state.rflags & ~allowed_flags) == 0 ? Error::none : Error::bad_value;
    const Error error = judge_values(state.rip, state.rflags, state.efer);
    return error != Error::none ? error : judge_segments(state);
}

// Whether a rule of VM entry is one for what this file loads from the guest's state: segment
// registers and descriptor-table registers. The others are judged where they are loaded.
bool is_for_segments(const Violation& violation) {
    const std::string_view section = text(violation.rule).section;
    return section == "27.3.1.2" || section == "27.3.1.3";
}

// The rules above are those of a load by the guest; VM entry has more, and for all segments
// together (SDM vol. 3, 27.3.1). What it would refuse is refused here, and never reaches the
// processor.
Error judge_entry(Vcpu& vcpu) {
    Error error = Error::none;
    const EntryReport report = entry_violations(vcpu);
    for (const Violation& violation : report.violations()) {
        if (!is_for_segments(violation))
            continue;
        note(vcpu, "the state is refused: ", describe(violation).view());
        error = Error::bad_value;
    }
    return error;
}

Error load_judged_state(Vcpu& vcpu, const StartupState& state) {
    if (const Error error = load_control_registers(vcpu, state); error != Error::none)
        return error;
    // The gates of the IDT must lead to the code segment in CS.
    for (std::size_t index = 0; index < state.segments.size(); ++index)
        write_segment(vcpu, index, accessed(state.segments[index]));
    if (const Error error = load_table_registers(vcpu, state); error != Error::none)
        return error;
    vcpu.vmcs.write(Field::guest_rip, state.rip);
    vcpu.vmcs.write(Field::guest_rsp, state.general.unused_rsp);
    vcpu.vmcs.write(Field::guest_rflags, state.rflags | rflags::always_one);
    vcpu.registers = state.general;
    return judge_entry(vcpu);
}

} // namespace

Error load_start_state(Vcpu& vcpu, const StartupState& state) {
    if (const Error error = judge_state(vcpu, state); error != Error::none)
        return error;
    if (state.in_64_bit_mode())
        write_reset_state(vcpu);
    else
        load_protected_mode_state(vcpu, 0, 0);
    return load_judged_state(vcpu, state);
}

Error load_state_again(Vcpu& vcpu, const StartupState& state) {
    const Error error = judge_state(vcpu, state);
    return error != Error::none ? error : load_judged_state(vcpu, state);
}

namespace {

// The descriptor of a selector in the kernel's GDT; what a null selector gives where there is none.
Segment look_up_segment(Vcpu& vcpu, const abi::InitialState& initial, std::uint16_t selector) {
    const Selector wanted{selector};
    const std::uint64_t offset = std::uint64_t{wanted.index()} * table_word;
    std::array<std::uint8_t, table_word> bytes{};
    const bool in_table = !wanted.null() && wanted.table() == DescriptorTable::gdt &&
                          offset + table_word <= std::uint64_t{initial.gdt_limit} + 1;
    if (!in_table || !read_guest_linear(vcpu.machine->memory, initial.cr3 & paging::address_mask,
                                        initial.gdt_base + offset, bytes.data(), table_word))
        return {selector, 0, 0, AccessRights::unusable()};
    return segment_from_descriptor(selector, std::bit_cast<std::uint64_t>(bytes));
}

} // namespace

Error load_initial_state(Vcpu& vcpu, const abi::InitialState& initial) {
    StartupState state{};
    static_assert(sizeof(state.general) == sizeof(initial.general));
    state.general = std::bit_cast<GuestRegisters>(initial.general);
    state.rip = initial.rip;
    state.rflags = initial.rflags;
    state.cr0 = initial.cr0;
    state.cr3 = initial.cr3;
    state.cr4 = initial.cr4;
    state.efer = initial.efer;
    state.gdtr = {initial.gdt_limit, initial.gdt_base};
    state.idtr = {initial.idt_limit, initial.idt_base};
    const std::uint16_t selectors[]{initial.es, initial.cs, initial.ss,
                                    initial.ds, initial.fs, initial.gs};
    for (std::size_t index = 0; index < state.segments.size(); ++index)
        state.segments[index] = look_up_segment(vcpu, initial, selectors[index]);
    if (!is_canonical(initial.fs_base) || !is_canonical(initial.gs_base))
        return Error::bad_address;
    state.segment(SegmentNumber::fs).base = initial.fs_base;
    state.segment(SegmentNumber::gs).base = initial.gs_base;
    return load_start_state(vcpu, state);
}

Error order_start(Vcpu& vcpu, std::uint32_t number, const abi::InitialState& state) {
    VirtualMachine& machine = *vcpu.machine;
    if (number >= machine.vcpu_count)
        return Error::bad_vcpu;
    if (const Error error = judge_values(state.rip, state.rflags, state.efer); error != Error::none)
        return error;
    constexpr std::uint64_t needed = cr0::protection_enable | cr0::paging;
    if ((state.cr0 & needed) != needed || state.cr0 >> 32 != 0)
        return Error::bad_cr0;
    if ((state.cr4 & ~machine.capabilities.cr4_fixed1) != 0 ||
        (state.cr4 & cr4::physical_address_extension) == 0)
        return Error::bad_cr4;
    if (machine.frames.of_address(state.cr3) == nullptr)
        return Error::bad_cr3;
    // With the lock held: a vCPU that starts stops waiting before it takes its order.
    const SpinGuard guard{machine.start_lock};
    Vcpu& other = *machine.vcpus[number];
    if (__atomic_load_n(&other.waits_for_start, __ATOMIC_SEQ_CST) == 0)
        return Error::vcpu_running;
    other.start_order = {true, state};
    return Error::none;
}

} // namespace hv
