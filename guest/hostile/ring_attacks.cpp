// Attacks on the ring, which is written without the ROM.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/native_registers.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/call_table.h"
#include "shared/page_table_calls.h"

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;

constexpr std::uint64_t ones = ~std::uint64_t{0};

void indices(Attempt& attempt) {
    volatile abi::RingHeader& ring = vcpu_area().control.ring;
    constexpr std::uint32_t steps[]{abi::ring_capacity + 1, ~std::uint32_t{0}, 0x80000000};
    std::uint64_t discarded = 0;
    for (const std::uint32_t step : steps) {
        ring.tail = ring.tail + step;
        attempt.told(drain(), Error::ring_index);
        attempt.expect(ring.head == ring.tail, "the ring is empty");
        discarded += step;
    }
    attempt.counted(counter::refused, std::size(steps));
    attempt.counted(counter::discarded, discarded);
    attempt.counted(counter::drained, 0);
}

void forged_head(Attempt& attempt) {
    volatile abi::RingHeader& ring = vcpu_area().control.ring;
    for (const std::uint32_t step : {1U, abi::ring_capacity, ~0U}) {
        ring.head = ring.head + step;
        ring.refusals = step;
        ring.discarded = step;
        ring.refused_index = step;
        attempt.told(drain(), Error::none);
    }
    ring.head = ring.tail;
    attempt.counted(counter::refused, 0);
    attempt.counted(counter::drained, 0);
}

Error expected_in_ring(std::uint32_t call) {
    const abi::Answer answer = abi::answer(call, machine().profile, abi::Interface::lazy);
    const bool is_vmcall = answer == abi::Answer::synchronous || answer == abi::Answer::no_return ||
                           (call >= static_cast<std::uint32_t>(Call::flush) &&
                            call <= static_cast<std::uint32_t>(Call::vmi_init));
    if (answer == abi::Answer::queued)
        return Error::none;
    return is_vmcall ? Error::not_queueable : Error::unknown_call;
}

void every_call(Attempt& attempt) {
    std::uint64_t refused = 0;
    const auto try_call = [&](std::uint32_t call) {
        if (expected_in_ring(call) == Error::none)
            return;
        forge_entry(call, ones, ones, ones);
        attempt.told(drain(), expected_in_ring(call));
        ++refused;
    };
    for (std::uint32_t call = 0; call < 2 * abi::call_limit; ++call)
        try_call(call);
    for (std::uint32_t call = 0x100; call < 0x10000; call += 0xFF)
        try_call(call);
    attempt.counted(counter::refused, refused);
    attempt.counted(counter::drained, 0);
}

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order in which it is read.
struct ModeChange {
    Call call;
    std::uint64_t value;
    Error expected;
};

void mode_changes(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const ModeChange changes[]{
        {Call::set_tr, tss_selector, Error::not_queueable},
        {Call::set_cr4, 0, Error::not_queueable},
        {Call::set_gdt, 0, Error::not_queueable},
        {Call::set_idt, 0, Error::not_queueable},
        {Call::set_initial_ap_state, 0, Error::not_queueable},
        {Call::reboot, 0, Error::not_queueable},
        {Call::shutdown, 0, Error::not_queueable},
        {Call::flush, 0, Error::not_queueable},
        {Call::set_cr0, cpu.cr0 & ~cr0_pg, Error::bad_cr0},
        {Call::set_cr0, cpu.cr0 & ~cr0_pe, Error::bad_cr0},
        {Call::set_cr3, monitors_memory(), Error::bad_cr3},
    };
    const std::uint64_t base = address_of(cpu.gdt);
    std::uint64_t step = 0x100;
    for (const ModeChange& change : changes) {
        const std::uint64_t next = cpu.gdt[gdt_first_tls + 1];
        forge_entry(static_cast<std::uint64_t>(Call::write_gdt_entry), base, gdt_first_tls,
                    marker(++step));
        forge_entry(static_cast<std::uint64_t>(change.call), change.value);
        forge_entry(static_cast<std::uint64_t>(Call::write_gdt_entry), base, gdt_first_tls + 1,
                    marker(step));
        attempt.told(drain(), change.expected);
        attempt.expect(gdt_holds(gdt_first_tls, marker(step)), "the entry before it ran");
        attempt.expect(gdt_holds(gdt_first_tls + 1, next), "the entry after it did not run");
    }
    attempt.counted(counter::refused, std::size(changes));
    attempt.counted(counter::discarded, std::size(changes));
    attempt.counted(counter::drained, std::size(changes));
}

/// As forge_entry, with every bit set that the monitor ignores.
void forge_with_garbage(Call call, std::uint64_t first = ones, std::uint64_t second = ones,
                        std::uint64_t third = ones) {
    const std::uint32_t slot = vcpu_area().control.ring.tail % abi::ring_capacity;
    volatile abi::RingEntry& entry = vcpu_area().entry[slot];
    entry.unused16 = 0xFFFF;
    entry.unused32 = 0xFFFFFFFF;
    forge_entry(static_cast<std::uint64_t>(call), first, second, third);
}

void garbage(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t cr3 = paravirt::get_cr3();
    forge_with_garbage(Call::write_gdt_entry, address_of(cpu.gdt), gdt_first_tls, marker(0x77));
    forge_with_garbage(Call::update_kernel_stack, address_of(cpu.tss), cpu.kernel_stack);
    forge_with_garbage(Call::set_cr3, cr3);
    forge_with_garbage(Call::set_cr0, cpu.cr0 | cr0_ts);
    forge_with_garbage(Call::clts);
    forge_with_garbage(Call::set_ldt, ones << 16); // LDTR has 16 bits
    attempt.told(drain(), Error::none);
    attempt.expect(gdt_holds(gdt_first_tls, marker(0x77)), "the descriptor is written");
    // The ROM knows nothing of forged entries.
    attempt.expect((native::read_cr0() & cr0_ts) == 0, "CR0.TS is clear");
    attempt.expect(paravirt::get_cr3() == cr3, "CR3 is the same");
    attempt.counted(counter::drained, 6);
    attempt.counted(counter::refused, 0);
    paravirt::set_cr0(cpu.ts_set ? cpu.cr0 | cr0_ts : cpu.cr0);
}

void endless_refusals(Attempt& attempt) {
    constexpr std::uint64_t batches = 2000;
    for (std::uint64_t i = 0; i < batches; ++i) {
        forge_entry(abi::call_limit + i % 100, i);
        attempt.told(drain(), Error::unknown_call);
    }
    attempt.counted(counter::refused, batches);
}

/// In Bochs a tick is an instruction.
constexpr std::uint64_t costly_batch_bound = 40'000'000;

void costly_batch(Attempt& attempt) {
    const std::uint64_t page = pages::allocate();
    const std::uint64_t options =
        abi::AllocateOptions::make(abi::page_flags::pml4 | abi::page_flags::clone, pte::entries / 2,
                                   pte::entries / 2)
            .encode();
    for (std::uint32_t i = 0; i < abi::ring_capacity; i += 2) {
        forge_entry(static_cast<std::uint64_t>(Call::allocate_page), page / page_size,
                    paravirt::get_cr3() / page_size, options);
        forge_entry(static_cast<std::uint64_t>(Call::release_page), page / page_size);
    }
    const std::uint64_t begin = paravirt::rdtsc();
    attempt.told(drain(), Error::none);
    attempt.expect(paravirt::rdtsc() - begin < costly_batch_bound, "it takes its time, not more");
    attempt.counted(counter::drained, abi::ring_capacity);
    pages::release(page);
}

constexpr AttackCode codes[]{
    {"ring-indices", indices},           {"ring-forged-head", forged_head},
    {"ring-every-call", every_call},     {"ring-mode-changes", mode_changes},
    {"ring-garbage", garbage},           {"ring-endless-refusals", endless_refusals},
    {"ring-costly-batch", costly_batch},
};

} // namespace

std::span<const AttackCode> ring_attacks() { return codes; }

} // namespace guest::hostile
