#include "guest/workloads/measurement.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/workloads/statistics_sum.h"
#include "shared/guest_physical_layout.h"

#include <algorithm>
#include <array>

namespace guest::workloads {
namespace {

struct Snapshot {
    abi::Statistics statistics;
    std::uint64_t ticks;
    std::uint32_t root_loads;
};

/// The snapshots of one processor.
struct Snapshots {
    Snapshot before;
    Snapshot after;
};
std::array<Snapshots, max_processors> snapshots;
Snapshot resumed;
std::uint32_t participant_count = 1;

/// The sums over several processors, as differences from zero.
abi::Statistics sum;
constexpr abi::Statistics zeros{};

Snapshots& own() { return snapshots[this_cpu().number]; }

void copy_counters(Snapshot& to) {
    if (machine().statistics != nullptr)
        __builtin_memcpy(&to.statistics, machine().statistics, sizeof(to.statistics));
    if (paravirt::bound())
        to.root_loads =
            linear_pointer<const volatile abi::ControlPage>(abi::vcpu_area_base)->root_loads;
}

void start(Snapshot& snapshot) {
    copy_counters(snapshot);
    snapshot.ticks = paravirt::rdtsc();
}

void stop(Snapshot& snapshot) {
    snapshot.ticks = paravirt::rdtsc();
    copy_counters(snapshot);
}

/// Moves the beginning by what happened from `after` to `resumed`. The page consists of 64-bit
/// words. The key of a keyed count does not change once it is set.
void leave_out_pause() {
    auto& [before, after] = own();
    constexpr std::size_t words = sizeof(abi::Statistics) / sizeof(std::uint64_t);
    auto* const begin = reinterpret_cast<std::uint64_t*>(&before.statistics);
    const auto* const from = reinterpret_cast<const std::uint64_t*>(&after.statistics);
    const auto* const to = reinterpret_cast<const std::uint64_t*>(&resumed.statistics);
    for (std::size_t i = 0; i < words; ++i)
        begin[i] += to[i] - from[i];
    before.root_loads += resumed.root_loads - after.root_loads;
}

void start_interrupted(Cpu&, const InterruptFrame&) { start(own().before); }
void stop_interrupted(Cpu&, const InterruptFrame&) { stop(own().after); }

void wait_for_others() {
    if (participant_count > 1)
        processors::barrier(participant_count);
}

} // namespace

void set_participants(std::uint32_t count) { participant_count = count; }
std::uint32_t participants() { return participant_count; }

void touch_counters(Cpu& cpu) { copy_counters(snapshots[cpu.number].before); }

void begin_measurement() {
    wait_for_others();
    start(own().before);
}

void end_measurement() {
    stop(own().after);
    wait_for_others();
}

void begin_measurement_for_all() {
    processors::interrupt(participant_count, start_interrupted);
    start(own().before);
}

void end_measurement_for_all() {
    stop(own().after);
    processors::interrupt(participant_count, stop_interrupted);
}

void pause_measurement() { stop(own().after); }

void resume_measurement() {
    copy_counters(resumed);
    leave_out_pause();
    own().before.ticks += paravirt::rdtsc() - own().after.ticks;
}

Measurement measured() {
    const bool monitored = machine().statistics != nullptr;
    Measurement total{0, 0, nullptr, nullptr, participant_count, ~std::uint64_t{0}, 0};
    sum = {};
    for (std::uint32_t i = 0; i < participant_count; ++i) {
        const auto& [before, after] = snapshots[i];
        total.ticks += after.ticks - before.ticks;
        total.root_loads += after.root_loads - before.root_loads;
        const std::uint64_t exits = after.statistics.exits - before.statistics.exits;
        total.exits_min = std::min(total.exits_min, exits);
        total.exits_max = std::max(total.exits_max, exits);
        add_difference(sum, before.statistics, after.statistics);
    }
    if (!monitored)
        return total;
    total.before = participant_count == 1 ? &own().before.statistics : &zeros;
    total.after = participant_count == 1 ? &own().after.statistics : &sum;
    return total;
}

} // namespace guest::workloads
