// The entries for control registers, descriptor tables, page frames and the local APIC: those that
// only make the call, and those that answer without a VM exit.

#include "vmi_rom/entries.h"

namespace rom {

namespace {

/// CR0.TS (Intel manual, volume 3, section 2.5).
constexpr std::int32_t cr0_task_switched = 1 << 3;

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

} // namespace

// Synchronous: the monitor drains the ring and then executes the call, in one VM exit.

Result set_gdt(const abi::PseudoDescriptor* table) {
    return vmcall(abi::Call::set_gdt, address(table));
}

Result set_idt(const abi::PseudoDescriptor* table) {
    return vmcall(abi::Call::set_idt, address(table));
}

Result set_tr(std::uint64_t selector) { return vmcall(abi::Call::set_tr, selector); }

Result set_cr4(std::uint64_t value) { return vmcall(abi::Call::set_cr4, value); }

Result set_initial_ap_state(const abi::InitialState* state, std::uint64_t vcpu) {
    return vmcall(abi::Call::set_initial_ap_state, address(state), vcpu);
}

// Queued while a lazy mode is set. The bases of tables and of the TSS are linear addresses.

Result set_ldt(std::uint64_t selector) {
    return queue(abi::Call::set_ldt, selector, 0, 0, [selector](abi::ControlPage& control) {
        store(control.ldt_selector, static_cast<std::uint16_t>(selector));
    });
}

Result write_gdt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t descriptor) {
    return queue(abi::Call::write_gdt_entry, base, index, descriptor);
}

Result write_ldt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t descriptor) {
    return queue(abi::Call::write_ldt_entry, base, index, descriptor);
}

Result write_idt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t half) {
    return queue(abi::Call::write_idt_entry, base, index, half);
}

Result update_kernel_stack(std::uint64_t tss, std::uint64_t rsp0) {
    return queue(abi::Call::update_kernel_stack, tss, rsp0);
}

Result write_tss_word(std::uint64_t tss, std::uint64_t offset, std::uint64_t value) {
    return queue(abi::Call::write_tss_word, tss, offset, value);
}

Result set_cr0(std::uint64_t value) {
    return queue(abi::Call::set_cr0, value, 0, 0,
                 [value](abi::ControlPage& control) { store(control.cr0, value); });
}

Result clts() {
    return queue(abi::Call::clts, 0, 0, 0,
                 [](abi::ControlPage& control) { clear_bits(control.cr0, cr0_task_switched); });
}

// Local: answered from the mirrors in the per-vCPU area, without a VM exit. The values are those
// that were asked for last, queued or not.

void get_gdt(abi::PseudoDescriptor* table) {
    table->limit = load(area().control.gdt_limit);
    table->base = load(area().control.gdt_base);
}

void get_idt(abi::PseudoDescriptor* table) {
    table->limit = load(area().control.idt_limit);
    table->base = load(area().control.idt_base);
}

std::uint64_t get_ldt() { return load(area().control.ldt_selector); }

std::uint64_t get_tr() { return load(area().control.tr_selector); }

std::uint64_t get_cr0() { return load(area().control.cr0); }

// A guest sees its own page frames, and never those of the machine.

std::uint64_t machine_to_physical(Argument frame) { return frame; }

std::uint64_t physical_to_machine(Argument frame) { return frame; }

// The local APIC in xAPIC mode.

void apic_write(Argument address, Argument value) {
    *reinterpret_cast<volatile std::uint32_t*>(address) = static_cast<std::uint32_t>(value);
}

std::uint64_t apic_read(Argument address) {
    return *reinterpret_cast<const volatile std::uint32_t*>(address);
}

} // namespace rom
