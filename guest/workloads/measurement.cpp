#include "guest/workloads/measurement.h"

#include "guest/boot/machine.h"
#include "guest/memory/layout.h"
#include "guest/paravirt/binding.h"
#include "guest/paravirt/operations.h"
#include "shared/guest_physical_layout.h"

namespace guest::workloads {
namespace {

struct Snapshot {
    abi::Statistics statistics;
    std::uint64_t ticks;
    std::uint32_t root_loads;
};
Snapshot before;
Snapshot after;
Snapshot resumed;

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

/// Moves the beginning by what happened from `after` to `resumed`. The page is made of 64-bit
/// words; a key of a keyed count does not change once it is there.
void leave_out_pause() {
    constexpr std::size_t words = sizeof(abi::Statistics) / sizeof(std::uint64_t);
    auto* const begin = reinterpret_cast<std::uint64_t*>(&before.statistics);
    const auto* const from = reinterpret_cast<const std::uint64_t*>(&after.statistics);
    const auto* const to = reinterpret_cast<const std::uint64_t*>(&resumed.statistics);
    for (std::size_t i = 0; i < words; ++i)
        begin[i] += to[i] - from[i];
    before.root_loads += resumed.root_loads - after.root_loads;
}

} // namespace

void begin_measurement() { start(before); }

void end_measurement() { stop(after); }

void pause_measurement() { stop(after); }

void resume_measurement() {
    copy_counters(resumed);
    leave_out_pause();
    before.ticks += paravirt::rdtsc() - after.ticks;
}

Measurement measured() {
    const bool monitored = machine().statistics != nullptr;
    return {after.ticks - before.ticks, after.root_loads - before.root_loads,
            monitored ? &before.statistics : nullptr, monitored ? &after.statistics : nullptr};
}

} // namespace guest::workloads
