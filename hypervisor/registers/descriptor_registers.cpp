#include "hypervisor/registers/descriptor_registers.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/vcpu/segment_registers.h"

#include <bit>

namespace hv {

using abi::Error;

namespace {

// What a load of a descriptor-table register needs. With the page tables locked: it protects the
// pages of the new table, and looks at the tables of other vCPUs.
TableEnvironment environment_of(Vcpu& vcpu) {
    lock_page_tables(vcpu);
    VirtualMachine& machine = *vcpu.machine;
    return {.memory = machine.memory,
            .pages = machine.translation,
            .tables = machine.tables,
            .cr3 = guest_cr3(vcpu),
            .finish_calls_elsewhere = finish_calls_elsewhere,
            .caller = &vcpu};
}

RunningSegments running_segments(const Vcpu& vcpu) {
    return {Selector{static_cast<std::uint16_t>(vcpu.vmcs.read(Field::guest_cs_selector))},
            Selector{static_cast<std::uint16_t>(vcpu.vmcs.read(Field::guest_ss_selector))}};
}

// Whether an unaware kernel's boot loader loads the table: the monitor owns none of those.
bool is_before_kernel(const Vcpu& vcpu, std::uint64_t base) {
    constexpr std::uint32_t upper_half_bit = 47;
    return vcpu.machine->is_kernel_unaware && !vcpu.tables.sealed() && base >> upper_half_bit == 0;
}

// The page tables that lead to what was loaded keep doing so.
void keep_descriptor_tables(Vcpu& vcpu) {
    if (vcpu.machine->roots_are_registered)
        vcpu.machine->page_tables.keep_descriptor_tables(guest_cr3(vcpu) / page_size);
}

} // namespace

Error set_guest_gdtr(Vcpu& vcpu, const abi::PseudoDescriptor& value) {
    const TableEnvironment environment = environment_of(vcpu);
    Error error = Error::none;
    if (is_before_kernel(vcpu, value.base))
        vcpu.tables.leave_gdt(environment.pages);
    else
        error = vcpu.tables.load_gdt(environment, value.base, value.limit);
    keep_descriptor_tables(vcpu);
    if (error != Error::none)
        return error;
    vcpu.vmcs.write(Field::guest_gdtr_base, value.base);
    vcpu.vmcs.write(Field::guest_gdtr_limit, value.limit);
    vcpu.area->control.gdt_base = value.base;
    vcpu.area->control.gdt_limit = value.limit;
    return Error::none;
}

Error set_guest_idtr(Vcpu& vcpu, const abi::PseudoDescriptor& value) {
    const TableEnvironment environment = environment_of(vcpu);
    Error error = Error::none;
    if (is_before_kernel(vcpu, value.base))
        vcpu.tables.leave_idt(environment.pages);
    else
        error = vcpu.tables.load_idt(environment, value.base, value.limit, running_segments(vcpu));
    keep_descriptor_tables(vcpu);
    if (error != Error::none)
        return error;
    vcpu.vmcs.write(Field::guest_idtr_base, value.base);
    vcpu.vmcs.write(Field::guest_idtr_limit, value.limit);
    vcpu.area->control.idt_base = value.base;
    vcpu.area->control.idt_limit = value.limit;
    return Error::none;
}

Error set_guest_ldtr(Vcpu& vcpu, std::uint16_t selector) {
    Segment ldtr;
    const Error error = vcpu.tables.load_ldt(environment_of(vcpu), selector, ldtr);
    keep_descriptor_tables(vcpu);
    if (error != Error::none)
        return error;
    write_ldtr(vcpu, ldtr);
    vcpu.area->control.ldt_selector = selector;
    return Error::none;
}

namespace {

// Loads TR from a GDT that the monitor does not own; makes the TSS busy there, as LTR does.
Error load_boot_task(Vcpu& vcpu, const TableEnvironment& environment, Selector selector,
                     bool busy_allowed, Segment& tr) {
    const Vmcs& vmcs = vcpu.vmcs;
    const auto limit = static_cast<std::uint32_t>(vmcs.read(Field::guest_gdtr_limit));
    if (const Error error = check_system_selector(selector, limit); error != Error::none)
        return error;
    const std::uint64_t linear =
        vmcs.read(Field::guest_gdtr_base) + std::uint64_t{selector.index()} * table_word;
    std::array<std::uint8_t, sizeof(SystemDescriptor)> bytes{};
    if (!read_guest_linear(environment.memory, environment.cr3, linear, bytes.data(), bytes.size()))
        return Error::bad_address;
    auto descriptor = std::bit_cast<SystemDescriptor>(bytes);
    if (const Error error = check_system_descriptor(SystemSegment::tss, descriptor, busy_allowed);
        error != Error::none)
        return error;
    descriptor.low |= SegmentDescriptor::busy_bit;
    bytes = std::bit_cast<decltype(bytes)>(descriptor);
    if (!write_guest_linear(environment.memory, vcpu.machine->frames, environment.cr3, linear,
                            bytes.data(), table_word))
        return Error::bad_address;
    tr = segment_from_descriptor(selector.raw, descriptor.low, descriptor.high);
    return Error::none;
}

Error load_task_register(Vcpu& vcpu, std::uint16_t selector, bool busy_allowed) {
    Segment tr;
    const TableEnvironment environment = environment_of(vcpu);
    const bool is_loaders = vcpu.machine->is_kernel_unaware && !vcpu.tables.gdt().is_open();
    const Error error =
        is_loaders
            ? load_boot_task(vcpu, environment, Selector{selector}, busy_allowed, tr)
            : vcpu.tables.load_tr(environment, selector, running_segments(vcpu), tr, busy_allowed);
    keep_descriptor_tables(vcpu);
    if (error != Error::none)
        return error;
    write_task_register(vcpu, tr);
    vcpu.area->control.tr_selector = selector;
    return Error::none;
}

} // namespace

Error set_guest_tr(Vcpu& vcpu, std::uint16_t selector) {
    return load_task_register(vcpu, selector, false);
}

Error adopt_guest_tr(Vcpu& vcpu, std::uint16_t selector) {
    return load_task_register(vcpu, selector, true);
}

std::optional<abi::PseudoDescriptor> read_pseudo_descriptor(Vcpu& vcpu, std::uint64_t linear) {
    std::array<std::uint8_t, sizeof(abi::PseudoDescriptor)> bytes{};
    if (!read_guest_linear(vcpu.machine->memory, guest_cr3(vcpu), linear, bytes.data(),
                           static_cast<std::uint32_t>(bytes.size())))
        return std::nullopt;
    return std::bit_cast<abi::PseudoDescriptor>(bytes);
}

} // namespace hv
