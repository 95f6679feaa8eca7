#include "guest/workloads/measurement.h"

#include "guest/boot/machine.h"
#include "guest/paravirt/operations.h"

namespace guest::workloads {
namespace {

struct Snapshot {
    abi::Statistics statistics;
    std::uint64_t ticks;
};
Snapshot before;
Snapshot after;

void copy_statistics(abi::Statistics& to) {
    if (machine().statistics != nullptr)
        __builtin_memcpy(&to, machine().statistics, sizeof(to));
}

} // namespace

void begin_measurement() {
    copy_statistics(before.statistics);
    before.ticks = paravirt::rdtsc();
}

void end_measurement() {
    after.ticks = paravirt::rdtsc();
    copy_statistics(after.statistics);
}

Measurement measured() {
    const bool monitored = machine().statistics != nullptr;
    return {after.ticks - before.ticks, monitored ? &before.statistics : nullptr,
            monitored ? &after.statistics : nullptr};
}

} // namespace guest::workloads
