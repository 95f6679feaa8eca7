// Writes to the descriptor tables take effect: a gate that did not exist, an LDT, and the refusal
// of what a monitor that protects the kernel must not let through.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/segment_registers.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/error.h"

namespace guest::tests {
namespace {

constexpr std::uint32_t ldt_slots = 2;
constexpr std::uint32_t tested_ldt_slot = 1;

/// An LDT in pages of its own: a monitor protects an LDT like the GDT.
struct alignas(page_size) OwnLdt {
    std::uint64_t table[ldt_slots];
};
[[gnu::section(".descriptor_tables")]] OwnLdt ldt;

/// The half that makes the gate present goes last, so that no half-written gate is ever present.
void test_gate(Cpu& cpu) {
    constexpr std::uint64_t low = std::uint64_t{2} * interrupts::test_vector;
    const SystemDescriptor descriptor =
        gate(interrupts::test_entry(), system_type_interrupt_gate, 0, 0);
    const std::uint64_t before = cpu.software_interrupts;
    paravirt::write_idt_entry(cpu.idt, low + 1, descriptor.high);
    paravirt::write_idt_entry(cpu.idt, low, descriptor.low);
    asm volatile("int $0x81" : : : "memory");
    paravirt::write_idt_entry(cpu.idt, low, 0);
    paravirt::write_idt_entry(cpu.idt, low + 1, 0);
    const std::uint64_t taken =
        *static_cast<volatile std::uint64_t*>(&cpu.software_interrupts) - before;
    if (taken == 1)
        passed("idt-entry");
    else
        failed("idt-entry", taken, " interrupts instead of one");
}

void test_ldt(Cpu& cpu) {
    constexpr std::uint32_t base = 0x00345678;
    constexpr std::uint16_t selector_in_ldt =
        tested_ldt_slot * 8 + 4 + 3; // table indicator 1, RPL 3
    const SystemDescriptor descriptor =
        system_descriptor(address_of(ldt.table), sizeof(ldt.table) - 1, system_type_ldt);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, descriptor.high);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, descriptor.low);
    paravirt::set_ldt(ldt_selector);
    paravirt::write_ldt_entry(ldt.table, tested_ldt_slot, tls_descriptor(base));

    const std::uint16_t loaded = paravirt::get_ldt();
    const std::uint64_t faults = cpu.segment_faults;
    segment_registers::load_fs(selector_in_ldt);
    const std::uint64_t found = paravirt::rdmsr(msr::fs_base);
    const bool faulted = cpu.segment_faults != faults;
    segment_registers::load_fs(0);
    paravirt::write_ldt_entry(ldt.table, tested_ldt_slot, 0);
    paravirt::set_ldt(0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, 0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, 0);

    if (loaded == ldt_selector && !faulted && found == base)
        passed("ldt");
    else
        failed("ldt", "LDTR ", console::Hex{loaded}, ", %fs base ", console::Hex{found});
}

/// Stores to the GDT with a string instruction, which a monitor that protects the GDT cannot
/// emulate as a plain store.
void test_string_store(Cpu& cpu) {
    constexpr std::uint32_t base = 0x00456000;
    constexpr std::uint16_t selector = gdt_spare * 8 + 3;
    auto* slot = &cpu.gdt[gdt_spare];
    std::uint64_t count = 1;
    asm volatile("rep stosq" : "+D"(slot), "+c"(count) : "a"(tls_descriptor(base)) : "memory");
    const std::uint64_t faults = cpu.segment_faults;
    segment_registers::load_fs(selector);
    const std::uint64_t found = paravirt::rdmsr(msr::fs_base);
    const bool faulted = cpu.segment_faults != faults;
    segment_registers::load_fs(0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_spare, 0);
    if (!faulted && found == base)
        passed("gdt-string-store");
    else
        failed("gdt-string-store", "%fs base ", console::Hex{found});
}

/// A call gate would let ring 3 choose where ring 0 starts. The entries queued after it must not be
/// executed.
void test_refusal(Cpu& cpu) {
    const Machine& here = machine();
    if (here.profile != abi::Profile::hardened || !paravirt::bound())
        return skipped("refused-call-gate", "only on hardened with a ROM");
    constexpr std::uint64_t call_gate = std::uint64_t{1} << 47 |
                                        std::uint64_t{system_type_call_gate} << 40 |
                                        std::uint64_t{kernel_code_selector} << 16;
    constexpr std::uint16_t next_slot = gdt_first_tls;
    const std::uint64_t old = cpu.gdt[next_slot];
    std::uint32_t error = 0;
    if (here.interface == abi::Interface::lazy) {
        paravirt::set_lazy_mode(abi::LazyMode::cpu);
        paravirt::write_gdt_entry(cpu.gdt, gdt_spare, call_gate);
        paravirt::write_gdt_entry(cpu.gdt, next_slot, tls_descriptor(0x5000));
        error = paravirt::set_lazy_mode_checked(abi::LazyMode::none);
    } else {
        error = paravirt::write_gdt_entry_checked(cpu.gdt, gdt_spare, call_gate);
    }
    if (error != static_cast<std::uint32_t>(abi::Error::call_gate))
        failed("refused-call-gate", "error ", error);
    else if (cpu.gdt[gdt_spare] != 0 || cpu.gdt[next_slot] != old)
        failed("refused-call-gate", "the GDT changed");
    else
        passed("refused-call-gate");
}

} // namespace

void test_descriptors() {
    Cpu& cpu = this_cpu();
    test_gate(cpu);
    test_ldt(cpu);
    test_string_store(cpu);
    test_refusal(cpu);
}

} // namespace guest::tests
