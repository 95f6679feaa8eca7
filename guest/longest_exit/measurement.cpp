#include "guest/longest_exit/measurement.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/paravirt/operations.h"

namespace guest::longest_exit {
namespace {

/// Ticks of the local APIC's clock between two interrupts.
constexpr std::uint32_t often = 2000;

struct Counters {
    std::uint64_t ticks;
    std::uint64_t exits[abi::exit_reason_limit];
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

/// Reads the counters, and returns a reason whose count has grown. External interrupts count only
/// if nothing else has.
abi::ExitReason read(Counters& counters) {
    auto grown = abi::ExitReason::external_interrupt;
    counters.ticks = statistics().monitor_ticks;
    for (std::uint32_t reason = 0; reason < abi::exit_reason_limit; ++reason) {
        const std::uint64_t count = statistics().exit[reason];
        if (count != counters.exits[reason] && grown == abi::ExitReason::external_interrupt)
            grown = static_cast<abi::ExitReason>(reason);
        counters.exits[reason] = count;
    }
    return grown;
}

void note_interrupt(Cpu&) {
    const std::uint64_t last = measurement.last.ticks;
    if (statistics().monitor_ticks == last)
        return;
    const abi::ExitReason reason = read(measurement.last);
    const std::uint64_t instructions = measurement.last.ticks - last;
    if (instructions <= measurement.longest.instructions)
        return;
    measurement.longest.instructions = instructions;
    measurement.longest.reason = reason;
}

} // namespace

void prepare_measurement() {
    local_apic::choose_mode(false);
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
