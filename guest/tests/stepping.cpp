#include "guest/tests/stepping.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/guest_physical_layout.h"

namespace guest::stepping {
namespace {

constexpr std::uint64_t resume_flag = 1 << 16;
// DR7: breakpoint 0 on the execution of an instruction (Intel SDM vol. 3, 18.2.4).
constexpr std::uint64_t no_breakpoint = 1 << 10;
constexpr std::uint64_t execution_breakpoint = no_breakpoint | 1;

enum class State : std::uint8_t { idle, tracing, waiting, pending, taken };

struct Stepping {
    State state;
    std::uint32_t boundaries;
    std::uint32_t hits_to_come; ///< hits of the breakpoint before the one that is meant
    Code handler;
    std::uint64_t expected_rip; ///< where the interrupt must be taken
    bool wrong;
};
Stepping stepping;
std::array<Boundary, max_boundaries> traced;
std::array<std::uint8_t, followed_rom_bytes / 8> followed;

void follow(std::uint64_t rip) {
    const std::uint64_t offset = rip - to_linear(abi::rom_base);
    if (offset < followed_rom_bytes)
        followed[offset / 8] |= static_cast<std::uint8_t>(1U << offset % 8);
}

void note_boundary(const InterruptFrame& frame) {
    follow(frame.rip);
    if (stepping.boundaries == max_boundaries)
        panic("a path has too many instructions");
    traced[stepping.boundaries++] = {frame.rip, (frame.rflags & rflags_if) != 0};
}

/// Sends the interrupt, and single-steps from here on. Where interrupts are off, the interrupt is
/// taken later. If it was taken too early, the step ends an HLT that would wait forever.
void reach_boundary(InterruptFrame& frame) {
    frame.rflags |= resume_flag;
    if (stepping.hits_to_come-- != 0)
        return;
    paravirt::set_dr<7>(no_breakpoint);
    stepping.state = State::pending;
    frame.rflags |= rflags_tf;
    processor_interrupts::send(this_cpu(), interrupts::job_vector);
}

void take_interrupt(Cpu& cpu, const InterruptFrame& frame) {
    if (stepping.state != State::pending || frame.rip != stepping.expected_rip)
        stepping.wrong = true;
    stepping.state = State::taken;
    stepping.handler(cpu);
}

std::uint64_t flags() {
    std::uint64_t value = 0;
    asm volatile("pushfq\n\tpopq %0" : "=r"(value));
    return value;
}

/// Runs the path and a few instructions around it. `trap_flag` is RFLAGS.TF or 0.
[[gnu::noinline]] void run(Cpu& cpu, Code path, std::uint64_t trap_flag) {
    cpu.interrupt_job = take_interrupt;
    paravirt::enable_interrupts();
    asm volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" : : "r"(trap_flag) : "memory", "cc");
    path(cpu);
    asm volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq" : : "r"(~rflags_tf) : "memory", "cc");
    stepping.wrong = stepping.wrong || (flags() & rflags_if) == 0;
    paravirt::disable_interrupts();
    cpu.interrupt_job = nullptr;
}

} // namespace

bool debug_exception(InterruptFrame& frame) {
    switch (stepping.state) {
    case State::idle:
        return false;
    case State::tracing:
        note_boundary(frame);
        break;
    case State::waiting:
        reach_boundary(frame);
        break;
    case State::pending:
        break; // step on until interrupts are on
    case State::taken:
        // The ROM may restore RFLAGS with TF set from the stack. Then one more step is taken, which
        // ends here.
        frame.rflags &= ~rflags_tf;
        break;
    }
    return true;
}

std::span<const Boundary> trace(Cpu& cpu, Code path) {
    stepping = {};
    stepping.state = State::tracing;
    run(cpu, path, rflags_tf);
    stepping.state = State::idle;
    return {traced.data(), stepping.boundaries};
}

bool interrupt(Cpu& cpu, Code path, std::uint32_t at, Code handler) {
    const std::uint32_t boundaries = stepping.boundaries;
    stepping = {};
    stepping.boundaries = boundaries;
    stepping.handler = handler;
    for (std::uint32_t i = 0; i < at; ++i)
        stepping.hits_to_come += traced[i].rip == traced[at].rip ? 1U : 0U;
    std::uint32_t open = at;
    while (open < boundaries && !traced[open].open)
        ++open;
    stepping.expected_rip = open < boundaries ? traced[open].rip : 0;
    stepping.state = State::waiting;
    paravirt::set_dr<0>(traced[at].rip);
    paravirt::set_dr<7>(execution_breakpoint);
    run(cpu, path, 0);
    paravirt::set_dr<7>(no_breakpoint);
    const bool good = stepping.state == State::taken && !stepping.wrong;
    stepping.state = State::idle;
    return good;
}

const std::array<std::uint8_t, followed_rom_bytes / 8>& followed_rom() { return followed; }

} // namespace guest::stepping
