#include "guest/tests/boundary_tests.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/boundary_counts.h"
#include "guest/tests/boundary_handlers.h"
#include "guest/tests/boundary_paths.h"
#include "guest/tests/boundary_scene.h"
#include "guest/tests/stepping.h"
#include "guest/tests/test_report.h"

namespace guest::tests {
namespace {

using abi::LazyMode;
using Kind = ModelStep::Kind;

/// How a path is run: by itself, in a lazy mode, or in a lazy mode with a full ring.
enum class Walk : std::uint8_t { direct, in_mode, ring_full };
constexpr std::array<std::string_view, 3> walk_names{"by itself", "in a mode", "with a full ring"};

struct Trial {
    const BoundaryPath* path;
    Walk walk;
    const BoundaryHandler* handler;
    bool lazy; ///< there are lazy modes

    LazyMode handler_found;       ///< the mode at the interrupt
    std::uint64_t fingerprint;    ///< of the state that an undisturbed walk leaves
    std::uint32_t first_position; ///< in the model's steps: interrupts do not move backwards
};
Trial trial;

struct Totals {
    std::uint64_t paths;
    std::uint64_t boundaries; ///< of undisturbed walks
    std::uint64_t tried;
    std::uint64_t wrong;
};
Totals totals;

bool offered(abi::Call call) { return paravirt::ask(call).type == abi::RelocationType::call_rel; }

void change_mode(LazyMode mode) { report(paravirt::set_lazy_mode_checked(mode)); }

void walk(Cpu& cpu) {
    if (trial.walk == Walk::in_mode)
        change_mode(LazyMode::cpu);
    trial.path->run(cpu);
    if (trial.walk != Walk::direct)
        change_mode(LazyMode::none);
}

void handle(Cpu& cpu) {
    trial.handler_found = static_cast<LazyMode>(vcpu_area().control.lazy_mode);
    trial.handler->run(cpu);
}

/// Fills the ring with entries that change nothing.
void fill_ring(const Cpu& cpu) {
    volatile abi::VcpuArea& area = vcpu_area();
    for (volatile abi::RingEntry& entry : area.entry) {
        entry.call = static_cast<std::uint16_t>(abi::Call::write_tss_word);
        entry.argument[0] = reinterpret_cast<std::uint64_t>(cpu.tss);
        entry.argument[1] = filling_word;
        entry.argument[2] = 0;
    }
    area.control.ring.tail = area.control.ring.tail + abi::ring_capacity;
}

void prepare(Cpu& cpu) {
    trial.path->undo(cpu);
    paravirt::write_gdt_entry(cpu.gdt, path_slot, 0);
    paravirt::write_tss_word(cpu.tss, handler_word, 0);
    boundary_scene().reported = 0;
    boundary_scene().errors_of_switching = cpu.lazy_mode_errors;
    if (trial.walk == Walk::ring_full) {
        change_mode(LazyMode::cpu);
        fill_ring(cpu);
    }
}

ProtocolModel model_at_start() {
    ProtocolModel model;
    model.lazy = trial.lazy;
    if (trial.walk == Walk::ring_full) {
        model.mode = true;
        model.filled = abi::ring_capacity;
        model.queued = abi::ring_capacity;
    }
    return model;
}

/// The steps of the walk, in order.
struct WalkSteps {
    std::array<ModelStep, BoundaryPath::max_steps + 3> step;
    std::uint32_t count = 0;

    void add(const ModelStep& one) { step[count++] = one; }
};

WalkSteps steps_of_walk() {
    WalkSteps steps;
    if (trial.walk == Walk::in_mode)
        steps.add({Kind::enter});
    for (const ModelStep& each : trial.path->all_steps())
        steps.add(each);
    if (trial.walk != Walk::direct) {
        steps.add({Kind::end_mode});
        steps.add({Kind::drain});
    }
    return steps;
}

/// The model of a walk that is interrupted before its step `position`.
ProtocolModel model_of(const Cpu& cpu, std::uint32_t position, bool interrupted, bool& in_mode) {
    const WalkSteps steps = steps_of_walk();
    ProtocolModel model = model_at_start();
    model.run({steps.step.data(), position});
    in_mode = model.mode;
    if (interrupted)
        model.run(trial.handler->steps(cpu, in_mode).all());
    model.run({steps.step.data() + position, steps.count - position});
    return model;
}

bool same_entries(const ProtocolModel& model, std::uint32_t first, std::uint32_t end) {
    if (end - first != model.published_count)
        return false;
    for (std::uint32_t i = 0; i < model.published_count; ++i)
        if (!(entry_at(first + i) == model.published[i]))
            return false;
    return true;
}

bool same_counts(const ProtocolModel& model, const BoundaryCounts& before,
                 const BoundaryCounts& after, std::uint64_t told) {
    return after.executed - before.executed == model.executed &&
           after.discarded - before.discarded == model.discarded &&
           after.refused - before.refused == model.refused &&
           after.hypercalls - before.hypercalls == model.hypercalls &&
           static_cast<std::uint32_t>(after.root_loads - before.root_loads) == model.root_loads &&
           told == model.told;
}

/// Whether a word holds what `write` writes if the model says that it ran, and 0 otherwise.
bool same_word(const volatile std::uint64_t& word, std::uint64_t ignored, const ModelCall& write,
               const ProtocolModel& model) {
    return (word & ~ignored) == (model.took_effect(write) ? write.argument[2] & ~ignored : 0);
}

bool same_state(const Cpu& cpu, const ProtocolModel& model) {
    const auto* const tss = reinterpret_cast<const std::uint8_t*>(cpu.tss);
    return same_word(cpu.gdt[path_slot], descriptor_accessed, path_entry(cpu), model) &&
           same_word(*reinterpret_cast<const volatile std::uint64_t*>(tss + handler_word), 0,
                     handler_entry(cpu), model);
}

/// Whether nothing is queued and no mode is set.
bool at_rest() {
    const volatile abi::ControlPage& control = vcpu_area().control;
    return control.ring.head == control.ring.tail && control.ring.pending_error == 0 &&
           control.lazy_mode == static_cast<std::uint32_t>(LazyMode::none);
}

/// Whether the model explains what happened, with the interrupt at no earlier step than for the
/// previous boundary.
bool explained(Cpu& cpu, const BoundaryCounts& before, bool interrupted) {
    const BoundaryCounts after = read_boundary_counts();
    const std::uint64_t told =
        boundary_scene().reported + cpu.lazy_mode_errors - boundary_scene().errors_of_switching;
    if (!at_rest())
        return false;
    const std::uint32_t last = interrupted ? steps_of_walk().count : trial.first_position;
    for (std::uint32_t position = trial.first_position; position <= last; ++position) {
        bool in_mode = false;
        const ProtocolModel model = model_of(cpu, position, interrupted, in_mode);
        if (interrupted && in_mode != (trial.handler_found != LazyMode::none))
            continue;
        if (same_counts(model, before, after, told) &&
            same_entries(model, before.tail, after.tail) && same_state(cpu, model)) {
            trial.first_position = position;
            return true;
        }
    }
    return false;
}

void say_wrong(const BoundaryCounts& before, std::string_view what, std::uint64_t boundary) {
    constexpr std::uint64_t lines = 10;
    if (++totals.wrong > lines)
        return;
    const BoundaryCounts after = read_boundary_counts();
    failed("instruction-boundaries", trial.path->name, " ",
           walk_names[static_cast<std::uint32_t>(trial.walk)], ", handler ", trial.handler->name,
           ", boundary ", boundary, ": ", what, "; ", after.tail - before.tail, " queued, ",
           after.executed - before.executed, " executed, ", after.hypercalls - before.hypercalls,
           " hypercalls, ", after.refused - before.refused, " refused, ", boundary_scene().reported,
           " told");
}

/// Returns the number of boundaries.
std::uint32_t walk_undisturbed(Cpu& cpu) {
    prepare(cpu);
    const BoundaryCounts before = read_boundary_counts();
    const std::span<const stepping::Boundary> boundaries = stepping::trace(cpu, walk);
    if (!explained(cpu, before, false))
        say_wrong(before, "undisturbed, not what the model says", 0);
    trial.fingerprint = fingerprint(cpu);
    return static_cast<std::uint32_t>(boundaries.size());
}

void walk_interrupted(Cpu& cpu, std::uint32_t boundary) {
    prepare(cpu);
    const BoundaryCounts before = read_boundary_counts();
    if (!stepping::interrupt(cpu, walk, boundary, handle))
        say_wrong(before, "the interrupt came elsewhere", boundary);
    else if (!explained(cpu, before, true))
        say_wrong(before, "not what the model says", boundary);
    else if (fingerprint(cpu) != trial.fingerprint)
        say_wrong(before, "another state", boundary);
    ++totals.tried;
}

void walk_with_interrupts(Cpu& cpu) {
    trial.first_position = 0;
    trial.handler = boundary_handlers().data();
    const std::uint32_t boundaries = walk_undisturbed(cpu);
    ++totals.paths;
    totals.boundaries += boundaries;
    for (const BoundaryHandler& handler : boundary_handlers()) {
        trial.handler = &handler;
        trial.first_position = 0;
        for (std::uint32_t boundary = 0; boundary < boundaries; ++boundary)
            walk_interrupted(cpu, boundary);
    }
}

void try_path(Cpu& cpu, const BoundaryPath& path) {
    if (!offered(path.call))
        return;
    trial = {};
    trial.path = &path;
    trial.lazy = offered(abi::Call::set_lazy_mode);
    walk_with_interrupts(cpu);
    if (!trial.lazy || path.enters())
        return;
    trial.walk = Walk::in_mode;
    walk_with_interrupts(cpu);
    if (!path.queues())
        return;
    trial.walk = Walk::ring_full;
    walk_with_interrupts(cpu);
}

/// Prints, for programs to read, at which bytes of the ROM an instruction was found to begin.
void print_followed_rom() {
    constexpr std::uint32_t bytes_a_line = 32;
    constexpr std::string_view digits = "0123456789abcdef";
    const auto& followed = stepping::followed_rom();
    for (std::uint32_t i = 0; i < followed.size(); i += bytes_a_line) {
        console::print("@rom-instructions offset=", i * 8, " bits=");
        for (std::uint32_t n = i; n < i + bytes_a_line; ++n)
            console::print(digits.substr(followed[n] >> 4, 1), digits.substr(followed[n] & 15, 1));
        console::print("\n");
    }
}

} // namespace

bool run_boundary_tests() {
    if (!paravirt::bound()) {
        skipped("instruction-boundaries", "there is no ROM");
        return finish_report();
    }
    Cpu& cpu = this_cpu();
    local_apic::choose_mode(false);
    local_apic::enable();
    cpu.apic_id = local_apic::identifier();
    set_up_boundary_scene(cpu);
    learn_context_switch(cpu);
    totals = {};
    for (const BoundaryPath& path : boundary_paths(cpu))
        try_path(cpu, path);
    tear_down_boundary_scene(cpu);
    print_followed_rom();
    console::print("boundaries: ", totals.tried, " interrupts, one with each of ",
                   boundary_handlers().size(), " handlers at each of ", totals.boundaries,
                   " instruction boundaries of ", totals.paths, " paths; ", totals.wrong,
                   " wrong\n");
    if (totals.wrong == 0 && totals.tried == totals.boundaries * boundary_handlers().size() &&
        totals.tried != 0)
        passed("instruction-boundaries");
    return finish_report();
}

} // namespace guest::tests
