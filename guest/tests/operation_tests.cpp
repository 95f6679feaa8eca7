// The operations that read something back must read what was written, get_reloc must not change its
// answers, and Halt and the timer must work.

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"

namespace guest::tests {
namespace {

void expect(std::string_view name, std::uint64_t expected, std::uint64_t found) {
    if (expected == found)
        passed(name);
    else
        failed(name, "expected ", console::Hex{expected}, ", found ", console::Hex{found});
}

void test_descriptor_registers(const Cpu& cpu) {
    abi::PseudoDescriptor gdt{};
    abi::PseudoDescriptor idt{};
    paravirt::get_gdt(&gdt);
    paravirt::get_idt(&idt);
    expect("get-gdt", address_of(cpu.gdt), gdt.limit == gdt_slots * 8 - 1 ? gdt.base : 0);
    expect("get-idt", address_of(cpu.idt), idt.limit == interrupt_vectors * 16 - 1 ? idt.base : 0);
    expect("get-tr", tss_selector, paravirt::get_tr());
    expect("get-ldt", 0, paravirt::get_ldt());
}

void test_control_registers(const Cpu& cpu) {
    expect("get-cr0", cpu.cr0 | cr0_ts, paravirt::get_cr0());
    expect("get-cr3", address_spaces::kernel().root, paravirt::get_cr3());
    expect("get-cr4", cr4_pae | cr4_pge | cr4_osfxsr | cr4_osxmmexcpt, paravirt::get_cr4());
}

/// GetCR0 must follow CLTS and SetCR0.
void test_task_switched(Cpu& cpu) {
    paravirt::clts();
    const std::uint64_t cleared = paravirt::get_cr0();
    paravirt::set_cr0(cpu.cr0 | cr0_ts);
    const std::uint64_t set = paravirt::get_cr0();
    expect("cr0-ts", cr0_ts, (cleared & cr0_ts) == 0 ? set & cr0_ts : 0);
}

void test_interrupt_mask() {
    const std::uint64_t off = paravirt::get_interrupt_mask();
    paravirt::enable_interrupts();
    const std::uint64_t on = paravirt::get_interrupt_mask();
    paravirt::set_interrupt_mask(off);
    const std::uint64_t restored = paravirt::get_interrupt_mask();
    expect("interrupt-mask", rflags_if, ((off | restored) & rflags_if) == 0 ? on & rflags_if : 0);
}

void test_halt(const Cpu& cpu) {
    constexpr std::uint64_t wanted = 3;
    const std::uint64_t end = cpu.ticks + wanted;
    timer::start();
    while (*const_cast<const volatile std::uint64_t*>(&cpu.ticks) < end)
        paravirt::halt();
    timer::stop();
    paravirt::disable_interrupts();
    passed("halt");
}

/// Asks get_reloc again as real kernels do: late in boot and with interrupts on.
void test_get_reloc_again() {
    if (!paravirt::bound())
        return skipped("get-reloc-again", "no ROM");
    timer::start();
    paravirt::enable_interrupts();
    const std::uint32_t changed = paravirt::changed_answers();
    paravirt::disable_interrupts();
    timer::stop();
    if (changed == 0)
        passed("get-reloc-again");
    else
        failed("get-reloc-again", changed, " of ", paravirt::site_count(), " answers changed");
}

} // namespace

void test_operations() {
    Cpu& cpu = this_cpu();
    test_descriptor_registers(cpu);
    test_control_registers(cpu);
    test_task_switched(cpu);
    test_interrupt_mask();
    test_halt(cpu);
    test_get_reloc_again();
}

} // namespace guest::tests
