#include "guest/hostile/monitor_calls.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/call_table.h"

namespace guest::hostile {

using abi::Call;

void forge_entry(std::uint64_t call, std::uint64_t first, std::uint64_t second,
                 std::uint64_t third) {
    volatile abi::RingHeader& ring = vcpu_area().control.ring;
    const std::uint32_t tail = ring.tail;
    volatile abi::RingEntry& entry = vcpu_area().entry[tail % abi::ring_capacity];
    entry.call = static_cast<std::uint16_t>(call);
    entry.argument[0] = first;
    entry.argument[1] = second;
    entry.argument[2] = third;
    ring.tail = tail + 1;
}

std::uint64_t drain() {
    volatile abi::RingHeader& ring = vcpu_area().control.ring;
    ring.pending_error = 0;
    vmcall(Call::empty);
    const std::uint32_t error = ring.pending_error;
    ring.pending_error = 0;
    return error;
}

void expect_refusals(Attempt& attempt, std::span<const Refusal> refusals) {
    for (const Refusal& refusal : refusals) {
        const auto number = static_cast<std::uint32_t>(refusal.call);
        const auto [first, second, third] = refusal.argument;
        attempt.told(vmcall(number, first, second, third), refusal.expected);
        if (abi::answer(number, machine().profile, abi::Interface::lazy) != abi::Answer::queued)
            continue;
        forge_entry(number, first, second, third);
        attempt.told(drain(), refusal.expected);
    }
}

std::uint64_t marker(std::uint64_t step) {
    return tls_descriptor(static_cast<std::uint32_t>(step << 4));
}

bool gdt_holds(std::uint64_t slot, std::uint64_t descriptor) {
    const auto* const entry = static_cast<const volatile std::uint64_t*>(&this_cpu().gdt[slot]);
    return ((*entry ^ descriptor) & ~descriptor_accessed) == 0;
}

bool monitor_owns_tables() { return machine().profile != abi::Profile::modern; }

std::uint64_t monitors_memory() { return start_information::largest_reserved_range().address; }

bool monitor_is_alive() {
    static std::uint64_t step;
    step += tls_slots;
    if (!monitor_owns_tables())
        return vmcall(Call::empty) == 0;
    const Cpu& cpu = this_cpu();
    paravirt::set_lazy_mode(abi::LazyMode::cpu);
    for (std::uint64_t i = 0; i < tls_slots; ++i)
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, marker(step + i));
    if (paravirt::set_lazy_mode_checked(abi::LazyMode::none) != 0)
        return false;
    for (std::uint64_t i = 0; i < tls_slots; ++i)
        if (!gdt_holds(gdt_first_tls + i, marker(step + i)))
            return false;
    return true;
}

} // namespace guest::hostile
