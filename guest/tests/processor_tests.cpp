// Tests a machine of several processors: each has started with the right state, they can interrupt
// each other, and what the tests in other files check.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/start_processors.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/cpuid_leaves.h"

#include <array>

namespace guest::tests {
namespace {

std::array<std::atomic<std::uint64_t>, max_processors> seen;

/// Returns what is wrong with this processor, as one of the numbers below, or 0.
std::uint64_t state_fault(const Cpu& cpu) {
    abi::PseudoDescriptor gdt{};
    abi::PseudoDescriptor idt{};
    paravirt::get_gdt(&gdt);
    paravirt::get_idt(&idt);
    if (gdt.base != address_of(cpu.gdt) || idt.base != address_of(cpu.idt))
        return 1;
    if (paravirt::get_tr() != tss_selector || paravirt::get_ldt() != 0)
        return 2;
    if (paravirt::get_cr0() != (cpu.cr0 | cr0_ts) ||
        paravirt::get_cr3() != address_spaces::kernel().root)
        return 3;
    if (paravirt::get_cr4() != (cr4_pae | cr4_pge | cr4_osfxsr | cr4_osxmmexcpt))
        return 4;
    if (local_apic::identifier() != cpu.apic_id)
        return 5;
    if (!machine().lazyhv)
        return 0;
    const paravirt::CpuidResult leaf = paravirt::cpuid(abi::cpuid_vcpu_leaf);
    return leaf.eax == processors::count() && leaf.ebx == cpu.number ? 0 : 6;
}

void look_at_state(Cpu& cpu) { seen[cpu.number] = 1 + state_fault(cpu); }

void test_start() {
    for (std::atomic<std::uint64_t>& state : seen)
        state = 0;
    processors::run_on_all(look_at_state);
    for (std::uint32_t i = 0; i < processors::count(); ++i)
        if (seen[i] != 1)
            return failed("smp-start", "processor ", i, ": fault ", seen[i] - 1);
    passed(processors::started_by_state() ? "smp-start-by-state" : "smp-start-by-trampoline");
}

constexpr std::uint64_t rounds = 50;

void count_interrupt(Cpu& cpu, const InterruptFrame&) { seen[cpu.number].fetch_add(1); }

/// Interrupts each of the other processors, one after the other.
void interrupt_all_others(Cpu& cpu) {
    for (std::uint32_t turn = 0; turn < processors::count(); ++turn) {
        processors::barrier(processors::count());
        if (turn == cpu.number) {
            paravirt::disable_interrupts();
            for (std::uint64_t i = 0; i < rounds; ++i)
                if (!processors::interrupt(processors::count(), count_interrupt))
                    seen[cpu.number].fetch_add(1'000'000);
        } else {
            paravirt::enable_interrupts();
        }
        processors::barrier(processors::count());
        paravirt::disable_interrupts();
    }
}

void test_interrupts() {
    for (std::atomic<std::uint64_t>& count : seen)
        count = 0;
    processors::run_on_all(interrupt_all_others);
    const std::uint64_t expected = rounds * (processors::count() - 1);
    for (std::uint32_t i = 0; i < processors::count(); ++i) {
        if (seen[i] != expected)
            return failed("smp-ipi", seen[i].load(), " interrupts of processor ", i, " instead of ",
                          expected);
    }
    passed("smp-ipi");
}

} // namespace

void test_processors() {
    if (!processors::several())
        return;
    test_start();
    test_interrupts();
    test_processor_areas();
    test_shootdowns();
    test_processor_tasks();
    test_processor_refusals();
    test_foreign_tables();
    test_rings();
}

} // namespace guest::tests
