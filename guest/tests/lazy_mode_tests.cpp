// Tests the rules of the lazy modes, batches longer than the ring, and interrupts inside a lazy
// section whose handlers queue too. The last two must hold without a ROM as well.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/ring.h"

namespace guest::tests {
namespace {

using abi::LazyMode;

/// A descriptor that identifies the step that wrote it.
std::uint64_t marker(std::uint64_t step) {
    return tls_descriptor(static_cast<std::uint32_t>(step << 4));
}

bool holds(const Cpu& cpu, std::uint64_t slot, std::uint64_t descriptor) {
    const auto* const entry = static_cast<const volatile std::uint64_t*>(&cpu.gdt[slot]);
    return ((*entry ^ descriptor) & ~descriptor_accessed) == 0;
}

void expect_error(std::string_view name, std::uint32_t found, abi::Error expected) {
    if (found == static_cast<std::uint32_t>(expected))
        passed(name);
    else
        failed(name, "error ", found, " instead of ", static_cast<std::uint32_t>(expected), " (",
               abi::name(expected), ")");
}

/// Entering a mode twice and leaving it twice must be refused, and nothing queued may be lost.
void test_rules(Cpu& cpu) {
    if (paravirt::ask(abi::Call::set_lazy_mode).type != abi::RelocationType::call_rel)
        return skipped("lazy-mode-rules", "no lazy modes here");
    expect_error("lazy-mode-enter", paravirt::set_lazy_mode_checked(LazyMode::cpu),
                 abi::Error::none);
    paravirt::write_gdt_entry(cpu.gdt, gdt_spare, marker(1));
    expect_error("lazy-mode-nested", paravirt::set_lazy_mode_checked(LazyMode::mmu),
                 abi::Error::nested_lazy_mode);
    expect_error("lazy-mode-leave", paravirt::set_lazy_mode_checked(LazyMode::none),
                 abi::Error::none);
    if (holds(cpu, gdt_spare, marker(1)))
        passed("lazy-mode-nothing-lost");
    else
        failed("lazy-mode-nothing-lost", "the entry queued before the nested enter did not run");
    expect_error("lazy-mode-unpaired", paravirt::set_lazy_mode_checked(LazyMode::none),
                 abi::Error::unpaired_lazy_mode);
    expect_error("lazy-mode-unknown", paravirt::set_lazy_mode_checked(static_cast<LazyMode>(7)),
                 abi::Error::unknown_lazy_mode);
    paravirt::write_gdt_entry(cpu.gdt, gdt_spare, 0);
}

void test_long_batch(Cpu& cpu) {
    constexpr std::uint64_t entries = 2 * abi::ring_capacity + 100;
    paravirt::set_lazy_mode(LazyMode::cpu);
    for (std::uint64_t i = 1; i <= entries; ++i)
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i % tls_slots, marker(i));
    const std::uint32_t error = paravirt::set_lazy_mode_checked(LazyMode::none);
    bool good = true;
    for (std::uint64_t i = entries - tls_slots + 1; i <= entries; ++i)
        good = good && holds(cpu, gdt_first_tls + i % tls_slots, marker(i));
    if (error == 0 && good)
        passed("long-batch");
    else
        failed("long-batch", "error ", error, ", slots ", good ? "right" : "wrong");
}

constexpr std::uint64_t handler_slot = gdt_first_tls;
constexpr std::uint64_t section_slot = gdt_first_tls + 1;

void queue_in_handler(Cpu& cpu) {
    paravirt::write_gdt_entry(cpu.gdt, handler_slot, marker(cpu.ticks));
}

/// The handler's entries go into the ring between any two of the section's.
void test_interrupts_in_section(Cpu& cpu) {
    constexpr std::uint64_t wanted_ticks = 20;
    const std::uint64_t end = cpu.ticks + wanted_ticks;
    std::uint64_t wrong = 0;
    std::uint64_t step = 0;
    cpu.on_tick = queue_in_handler;
    timer::start();
    while (cpu.ticks < end) {
        paravirt::set_lazy_mode(LazyMode::cpu);
        paravirt::enable_interrupts();
        for (std::uint64_t i = 0; i < 2 * std::uint64_t{tls_slots}; ++i)
            paravirt::write_gdt_entry(cpu.gdt, section_slot, marker(++step));
        paravirt::disable_interrupts();
        if (paravirt::set_lazy_mode_checked(LazyMode::none) != 0)
            ++wrong;
        if (!holds(cpu, section_slot, marker(step)))
            ++wrong;
        if (cpu.ticks != end - wanted_ticks && !holds(cpu, handler_slot, marker(cpu.ticks)))
            ++wrong;
    }
    timer::stop();
    cpu.on_tick = nullptr;
    if (wrong == 0)
        passed("interrupts-in-lazy-section");
    else
        failed("interrupts-in-lazy-section", wrong, " wrong in ", step, " steps");
}

} // namespace

void test_lazy_modes() {
    Cpu& cpu = this_cpu();
    test_rules(cpu);
    test_long_batch(cpu);
    test_interrupts_in_section(cpu);
    for (std::uint64_t i = 0; i < tls_slots; ++i)
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, 0);
}

} // namespace guest::tests
