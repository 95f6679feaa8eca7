#include "guest/tests/boundary_handlers.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/panic.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/tests/boundary_counts.h"
#include "guest/tests/boundary_scene.h"

namespace guest::tests {
namespace {

using Kind = ModelStep::Kind;
using abi::LazyMode;

/// The steps of switching to the other task and back; each switch is a lazy section of its own.
HandlerSteps context_switches;

LazyMode mode_of_interrupted() { return static_cast<LazyMode>(vcpu_area().control.lazy_mode); }

void change_mode(LazyMode mode) { report(paravirt::set_lazy_mode_checked(mode)); }

void do_nothing(Cpu&) {}
HandlerSteps nothing(const Cpu&, bool) { return {}; }

void queue(Cpu& cpu) { paravirt::write_tss_word(cpu.tss, handler_word, handler_ports); }
HandlerSteps queueing(const Cpu& cpu, bool) {
    HandlerSteps steps;
    const ModelCall entry = handler_entry(cpu);
    const bool asks = paravirt::ask(entry.call).type == abi::RelocationType::call_rel;
    steps.add(asks ? Kind::call : Kind::native, entry);
    return steps;
}

void flush(Cpu& cpu) {
    queue(cpu);
    const LazyMode mode = mode_of_interrupted();
    if (mode == LazyMode::none)
        return;
    change_mode(LazyMode::none);
    change_mode(mode);
}
HandlerSteps flushing(const Cpu& cpu, bool in_mode) {
    HandlerSteps steps = queueing(cpu, in_mode);
    if (in_mode) {
        steps.add(Kind::end_mode);
        steps.add(Kind::drain);
        steps.add(Kind::enter);
    }
    return steps;
}

bool back_at_once(Cpu&) { return true; }

void go_there_and_back(Cpu& cpu) {
    scheduler::set_alarm(cpu, 0, back_at_once);
    scheduler::run();
}

/// Switches as a kernel that preempts itself does: what its task has queued is executed first.
void switch_tasks(Cpu& cpu) {
    const LazyMode mode = mode_of_interrupted();
    if (mode != LazyMode::none)
        change_mode(LazyMode::none);
    paravirt::empty_call();
    go_there_and_back(cpu);
    if (mode != LazyMode::none)
        change_mode(mode);
}
HandlerSteps switching(const Cpu&, bool in_mode) {
    HandlerSteps steps;
    if (in_mode)
        steps.add(Kind::end_mode);
    steps.add(Kind::drain);
    for (const ModelStep& each : context_switches.all())
        steps.add(each.kind, each.call);
    if (in_mode)
        steps.add(Kind::enter);
    return steps;
}

void begin_section() { context_switches.add(Kind::enter); }
void end_section() {
    context_switches.add(Kind::end_mode);
    context_switches.add(Kind::drain);
}

/// A section begins with CR3, and goes on with the kernel stack. Where SetCR3 is not in the ring,
/// the ROM has loaded the root without an exit.
void note_entry(const ModelCall& call, bool follows_root) {
    const bool root = call.call == abi::Call::set_cr3;
    if (root || (call.call == abi::Call::update_kernel_stack && !follows_root)) {
        if (context_switches.count != 0)
            end_section();
        begin_section();
        if (!root)
            context_switches.add(Kind::load_root, {abi::Call::set_cr3, {}});
    }
    context_switches.add(Kind::call, call);
}

/// Where nothing is queued every operation is a hypercall.
void note_hypercalls(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
        context_switches.add(Kind::synchronous);
    // SetCR3 is among them.
    context_switches.add(Kind::freshen);
}

} // namespace

void HandlerSteps::add(ModelStep::Kind kind, const ModelCall& call) {
    if (count == max)
        panic("a handler has too many steps");
    step[count++] = {kind, call};
}

const std::array<BoundaryHandler, boundary_handler_count>& boundary_handlers() {
    static constexpr std::array<BoundaryHandler, boundary_handler_count> handlers{{
        {"nothing", do_nothing, nothing},
        {"queues", queue, queueing},
        {"flushes", flush, flushing},
        {"switches tasks", switch_tasks, switching},
    }};
    return handlers;
}

void learn_context_switch(Cpu& cpu) {
    constexpr std::uint32_t until_nothing_is_new = 4;
    for (std::uint32_t i = 0; i < until_nothing_is_new; ++i)
        go_there_and_back(cpu);
    context_switches = {};
    const BoundaryCounts before = read_boundary_counts();
    go_there_and_back(cpu);
    const BoundaryCounts after = read_boundary_counts();
    if (machine().interface != abi::Interface::lazy)
        return note_hypercalls(after.hypercalls - before.hypercalls);
    bool follows_root = false;
    for (std::uint32_t index = before.tail; index != after.tail; ++index) {
        const ModelCall call = entry_at(index);
        note_entry(call, follows_root);
        follows_root = call.call == abi::Call::set_cr3;
    }
    if (context_switches.count != 0)
        end_section();
}

} // namespace guest::tests
