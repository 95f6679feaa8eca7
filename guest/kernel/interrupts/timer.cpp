#include "guest/kernel/interrupts/timer.h"

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/port.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/scheduler.h"

namespace guest::timer {
namespace {

// Intel 8259A: command and data ports of the two controllers.
constexpr std::uint16_t primary_command = 0x20;
constexpr std::uint16_t primary_data = 0x21;
constexpr std::uint16_t secondary_command = 0xA0;
constexpr std::uint16_t secondary_data = 0xA1;
constexpr std::uint8_t initialise_with_icw4 = 0x11;
constexpr std::uint8_t mode_8086 = 0x01;
constexpr std::uint8_t end_of_interrupt = 0x20;
constexpr std::uint8_t read_in_service = 0x0B;
constexpr std::uint8_t cascade_line = 1 << 2;
constexpr std::uint8_t all_lines = 0xFF;
constexpr std::uint8_t timer_line = 1 << 0;

// Intel 8254.
constexpr std::uint16_t pit_channel0 = 0x40;
constexpr std::uint16_t pit_command = 0x43;
constexpr std::uint8_t channel0_rate_generator = 0x34;
constexpr std::uint32_t pit_hertz = 1193182;

constexpr std::uint32_t timer_irq = 0;
constexpr std::uint32_t last_primary_irq = 7;
constexpr std::uint32_t last_irq = 15;

void out(std::uint16_t port, std::uint8_t value) {
    port::out8(port, value);
    paravirt::io_delay();
}

/// Ticks between two preemptions of a processor. A switch whose stores wait for other processors
/// may take longer than a tick. Then the next tick is already pending when the switch ends, and no
/// task would make progress. Preempting at the third tick leaves a task more than one whole tick,
/// however long the switch took, because only one of the ticks that arrive meanwhile stays pending.
std::uint64_t ticks_between_preemptions() { return processors::stores_wait() ? 3 : 1; }

/// A controller reports line 7 for a request that went away. Such a spurious interrupt takes no
/// EOI.
bool spurious(std::uint32_t irq) {
    if (irq != last_primary_irq && irq != last_irq)
        return false;
    const std::uint16_t command = irq == last_irq ? secondary_command : primary_command;
    port::out8(command, read_in_service);
    return (port::in8(command) & 0x80) == 0;
}

} // namespace

void initialise() {
    out(primary_command, initialise_with_icw4);
    out(secondary_command, initialise_with_icw4);
    out(primary_data, interrupts::first_irq);
    out(secondary_data, interrupts::first_irq + 8);
    out(primary_data, cascade_line);
    out(secondary_data, 2); // the secondary's identity: its line on the primary
    out(primary_data, mode_8086);
    out(secondary_data, mode_8086);
    out(primary_data, all_lines);
    out(secondary_data, all_lines);

    constexpr std::uint32_t divisor = pit_hertz / frequency;
    static_assert(divisor <= 0xFFFF);
    out(pit_command, channel0_rate_generator);
    out(pit_channel0, static_cast<std::uint8_t>(divisor));
    out(pit_channel0, static_cast<std::uint8_t>(divisor >> 8));
}

void start() { port::out8(primary_data, static_cast<std::uint8_t>(~timer_line)); }
void stop() { port::out8(primary_data, all_lines); }

void handle_irq(InterruptFrame& frame, std::uint32_t irq) {
    if (spurious(irq))
        return;
    if (irq > last_primary_irq)
        port::out8(secondary_command, end_of_interrupt);
    port::out8(primary_command, end_of_interrupt);
    if (irq != timer_irq)
        return;
    Cpu& cpu = this_cpu();
    processor_interrupts::forward_tick(cpu);
    tick(cpu, frame);
}

void tick(Cpu& cpu, const InterruptFrame& frame) {
    ++cpu.ticks;
    if (cpu.on_tick != nullptr)
        cpu.on_tick(cpu);
    // The kernel itself is not preempted.
    if (!frame.from_user() || cpu.ticks < cpu.next_preemption)
        return;
    cpu.next_preemption = cpu.ticks + ticks_between_preemptions();
    scheduler::yield();
}

} // namespace guest::timer
