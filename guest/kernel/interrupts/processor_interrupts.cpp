#include "guest/kernel/interrupts/processor_interrupts.h"

#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/tasks/migration.h"
#include "guest/kernel/tasks/watchdog.h"

namespace guest::processor_interrupts {
namespace {

std::atomic<bool> forwarding;

} // namespace

void send(const Cpu& cpu, std::uint32_t vector) { local_apic::send_interrupt(cpu.apic_id, vector); }

void forward_ticks(bool on) { forwarding = on; }

void forward_tick(const Cpu& cpu) {
    watchdog::look_at_others();
    if (cpu.number != 0 || !forwarding.load(std::memory_order_relaxed))
        return;
    for (std::uint32_t i = 1; i < processors::count(); ++i)
        send(cpu_of(i), interrupts::tick_vector);
}

void handle(InterruptFrame& frame) {
    if (frame.vector == interrupts::spurious_vector)
        return; // a spurious interrupt takes no EOI
    local_apic::end_of_interrupt();
    Cpu& cpu = this_cpu();
    switch (frame.vector) {
    case interrupts::wake_vector:
        return migration::take_inbox(cpu);
    case interrupts::shootdown_vector:
        return shootdown::serve();
    case interrupts::tick_vector:
        return timer::tick(cpu, frame);
    case interrupts::job_vector:
        return processors::run_interrupt_job(cpu, frame);
    case interrupts::watchdog_vector:
        return watchdog::look_at_processor_0();
    default:
        return;
    }
}

} // namespace guest::processor_interrupts
