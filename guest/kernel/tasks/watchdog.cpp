#include "guest/kernel/tasks/watchdog.h"

#include "guest/kernel/boot/power.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/paravirt/operations.h"

#include <array>

namespace guest::watchdog {
namespace {

constexpr std::uint32_t timer_period = 5'000'000;

struct Seen {
    std::uint64_t progress;
    std::uint64_t since;
};
std::array<Seen, max_processors> seen;
std::atomic<bool> watching;
std::uint64_t patience;
std::atomic<std::uint64_t> found_rip;

void note_rip(Cpu&, const InterruptFrame& frame) { found_rip = frame.rip; }

[[noreturn]] void report(Cpu& cpu) {
    const bool answers = processors::interrupt(cpu, note_rip, patience);
    console::break_lock();
    console::print("guest: watchdog: processor ", cpu.number, " makes no progress, ", cpu.switches,
                   " switches, ", cpu.ticks, " ticks, ");
    if (answers)
        console::print("at ", console::Hex{found_rip.load()}, "\n");
    else
        console::print("does not answer\n");
    power::finish(1);
}

void look_at(Cpu& cpu) {
    const std::uint64_t now = paravirt::rdtsc();
    const std::uint64_t progress = *static_cast<volatile std::uint64_t*>(&cpu.switches) +
                                   *static_cast<volatile std::uint64_t*>(&cpu.idle_rounds);
    Seen& last = seen[cpu.number];
    if (progress != last.progress)
        last = {progress, now};
    else if (now - last.since > patience)
        report(cpu);
}

void start_timer(Cpu&, const InterruptFrame&) {
    local_apic::start_timer(interrupts::watchdog_vector, timer_period);
}

void stop_timer(Cpu&, const InterruptFrame&) { local_apic::stop_timer(); }

} // namespace

void start(std::uint64_t ticks) {
    if (!processors::several())
        return;
    patience = ticks;
    for (Seen& last : seen)
        last = {0, paravirt::rdtsc()};
    watching = true;
    processors::interrupt(cpu_of(1), start_timer);
}

void stop() {
    if (!watching)
        return;
    watching = false;
    processors::interrupt(cpu_of(1), stop_timer);
}

void look_at_others() {
    if (!watching)
        return;
    for (std::uint32_t i = 1; i < processors::count(); ++i)
        look_at(cpu_of(i));
}

void look_at_processor_0() {
    if (watching)
        look_at(cpu_of(0));
}

} // namespace guest::watchdog
