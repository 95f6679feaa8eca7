// Every processor has its own ring at the same address. While one processor queues and flushes,
// others write garbage to their rings and move their tails. Exactly what the first processor queued
// must be executed, and the others' garbage must be refused with the right error.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/monitor_call.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/error.h"

namespace guest::tests {
namespace {

using abi::Call;
using abi::Error;
using paravirt::vcpu_area;

constexpr std::uint64_t flushes = 200;
constexpr std::uint64_t entries_each = 200;

struct Attack {
    std::atomic<bool> over;
    std::atomic<std::uint64_t> made;
    std::atomic<std::uint64_t> wrong; ///< attacks that were not refused with the right error
};
Attack attack;
std::uint64_t spoilt_flushes;

/// Writes an entry without the ROM, and publishes it by moving the tail by `step`.
void expect_refused(std::uint32_t call, std::uint64_t argument, std::uint32_t step,
                    Error expected) {
    volatile abi::RingHeader& ring = vcpu_area().control.ring;
    volatile abi::RingEntry& entry = vcpu_area().entry[ring.tail % abi::ring_capacity];
    entry.call = static_cast<std::uint16_t>(call);
    for (volatile std::uint64_t& word : entry.argument)
        word = argument;
    ring.pending_error = 0;
    ring.tail = ring.tail + step;
    paravirt::empty_call();
    if (ring.pending_error != static_cast<std::uint32_t>(expected) || ring.head != ring.tail)
        attack.wrong.fetch_add(1);
    attack.made.fetch_add(1);
    ring.pending_error = 0;
}

void attack_until_over() {
    const std::uint64_t table_of_processor_0 = address_of(cpu_of(0).gdt);
    while (!attack.over) {
        expect_refused(abi::call_limit, 0, 1, Error::unknown_call);
        expect_refused(static_cast<std::uint32_t>(Call::shutdown), 0, 1, Error::not_queueable);
        expect_refused(static_cast<std::uint32_t>(Call::write_gdt_entry), table_of_processor_0, 1,
                       Error::not_current_table);
        expect_refused(0, 0, abi::ring_capacity + 1, Error::ring_index);
        expect_refused(0, 0, ~std::uint32_t{0}, Error::ring_index); // backwards
    }
}

/// A descriptor that identifies the step that wrote it.
std::uint64_t marker(std::uint64_t step) {
    return tls_descriptor(static_cast<std::uint32_t>(step << 4));
}

/// Returns true if everything that was queued was executed.
bool flush_one(const Cpu& cpu, std::uint64_t first_step) {
    paravirt::set_lazy_mode(abi::LazyMode::cpu);
    for (std::uint64_t i = 0; i < entries_each; ++i)
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i % tls_slots, marker(first_step + i));
    bool good = paravirt::set_lazy_mode_checked(abi::LazyMode::none) == 0;
    for (std::uint64_t i = entries_each - tls_slots; i < entries_each; ++i) {
        const auto* const entry =
            static_cast<const volatile std::uint64_t*>(&cpu.gdt[gdt_first_tls + i % tls_slots]);
        good = good && ((*entry ^ marker(first_step + i)) & ~descriptor_accessed) == 0;
    }
    return good;
}

void flush_while_others_attack(Cpu& cpu) {
    if (cpu.number != 0)
        return attack_until_over();
    const volatile abi::RingHeader& ring = vcpu_area().control.ring;
    const std::uint32_t before = ring.refusals;
    spoilt_flushes = 0;
    for (std::uint64_t i = 0; i < flushes; ++i)
        spoilt_flushes += flush_one(cpu, i * entries_each) ? 0U : 1U;
    spoilt_flushes += ring.refusals - before;
    attack.over = true;
    for (std::uint64_t i = 0; i < tls_slots; ++i)
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, 0);
}

} // namespace

void test_rings() {
    if (paravirt::ask(Call::set_lazy_mode).type != abi::RelocationType::call_rel)
        return skipped("smp-rings", "no lazy modes here");
    attack.over = false;
    attack.made = 0;
    attack.wrong = 0;
    processors::run_on_all(flush_while_others_attack);
    if (spoilt_flushes != 0) {
        failed("smp-rings", spoilt_flushes, " flushes spoilt by others");
    } else if (attack.wrong != 0 || attack.made == 0) {
        failed("smp-rings", attack.wrong.load(), " of ", attack.made.load(),
               " attacks not refused as they must be");
    } else {
        passed("smp-rings");
    }
}

} // namespace guest::tests
