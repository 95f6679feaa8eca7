#include "guest/longest_exit/measurement.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/paravirt/operations.h"

#include <array>

namespace guest::longest_exit {
namespace {

/// Ticks of the local APIC's clock between two interrupts.
constexpr std::uint32_t often = 2000;

struct Counters {
    std::uint64_t ticks;
    std::uint64_t fill_ticks; ///< those of them in page faults that filled shadow tables
    std::uint64_t fills;
    std::uint64_t exits;
    std::array<std::uint64_t, abi::exit_reason_limit> reason;
};

/// There is one measurement at a time. It is global because the timer's hook is a plain function.
struct Measurement {
    Counters last; ///< at the last interrupt
    Measured longest;
    std::uint64_t exits; ///< at the begin
    std::uint64_t first_tick;
};
Measurement measurement;

const volatile abi::Statistics& statistics() { return *machine().statistics; }

/// Reads the counters, and returns why there were exits since they were read last. A reason other
/// than an exception comes first: few exceptions are not those of filling.
abi::ExitReason read(Counters& counters) {
    auto grown = abi::ExitReason::exception_nmi;
    counters.ticks = statistics().monitor_ticks;
    counters.fill_ticks = statistics().shadow_ticks;
    counters.fills =
        statistics().memory[static_cast<std::size_t>(abi::MemoryAccess::shadow_filled)];
    counters.exits = statistics().exits;
    for (std::uint32_t reason = 0; reason < counters.reason.size(); ++reason) {
        const std::uint64_t count = statistics().exit[reason];
        if (count != counters.reason[reason])
            grown = static_cast<abi::ExitReason>(reason);
        counters.reason[reason] = count;
    }
    return grown;
}

std::uint64_t average(std::uint64_t ticks, std::uint64_t exits) {
    return exits != 0 ? ticks / exits : 0;
}

void note_interrupt(Cpu&) {
    const Counters& now = measurement.last;
    if (statistics().monitor_ticks == now.ticks)
        return;
    const std::uint64_t ticks = now.ticks;
    const std::uint64_t fill_ticks = now.fill_ticks;
    const std::uint64_t fills = now.fills;
    const std::uint64_t exits = now.exits;
    abi::ExitReason reason = read(measurement.last);
    const std::uint64_t filling = now.fill_ticks - fill_ticks;
    const std::uint64_t of_fill = average(filling, now.fills - fills);
    const std::uint64_t of_other =
        average(now.ticks - ticks - filling, now.exits - exits - (now.fills - fills));
    if (of_fill > of_other)
        reason = abi::ExitReason::exception_nmi;
    const std::uint64_t instructions = of_fill > of_other ? of_fill : of_other;
    if (instructions <= measurement.longest.instructions)
        return;
    measurement.longest.instructions = instructions;
    measurement.longest.reason = reason;
}

} // namespace

void prepare_measurement() {
    local_apic::choose_mode(true); // a step may leave xAPIC mode
    local_apic::enable();
    measurement.first_tick = paravirt::rdtsc();
}

void begin_measurement() {
    (void)read(measurement.last);
    measurement.longest = {.instructions = 0, .exits = 0, .reason = abi::ExitReason::vmcall};
    measurement.exits = statistics().exits;
    this_cpu().on_tick = note_interrupt;
    resume_interrupts();
}

void resume_interrupts() {
    local_apic::start_timer(interrupts::tick_vector, often);
    paravirt::enable_interrupts();
}

Measured end_measurement() {
    Cpu& cpu = this_cpu();
    paravirt::disable_interrupts();
    note_interrupt(cpu);
    measurement.longest.exits = statistics().exits - measurement.exits;
    local_apic::stop_timer();
    cpu.on_tick = nullptr;
    return measurement.longest;
}

std::uint64_t ticks_spent() { return paravirt::rdtsc() - measurement.first_tick; }

} // namespace guest::longest_exit
