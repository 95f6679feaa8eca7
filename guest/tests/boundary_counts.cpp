#include "guest/tests/boundary_counts.h"

#include "guest/kernel/boot/machine.h"
#include "guest/tests/boundary_scene.h"
#include "shared/statistics.h"

namespace guest::tests {

BoundaryCounts read_boundary_counts() {
    const volatile abi::ControlPage& control = vcpu_area().control;
    const volatile abi::Statistics& statistics = *machine().statistics;
    BoundaryCounts counts{};
    counts.tail = control.ring.tail;
    counts.executed = statistics.drained;
    counts.discarded = statistics.discarded;
    counts.refused = statistics.refused;
    counts.root_loads = control.root_loads;
    for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
        if (call != static_cast<std::uint32_t>(abi::Call::flush) &&
            call != static_cast<std::uint32_t>(abi::Call::empty))
            counts.hypercalls += statistics.hypercall[call];
    }
    return counts;
}

ModelCall entry_at(std::uint32_t index) {
    const volatile abi::RingEntry& entry = vcpu_area().entry[index % abi::ring_capacity];
    ModelCall call{};
    call.call = static_cast<abi::Call>(entry.call);
    for (std::uint32_t i = 0; i < abi::max_arguments; ++i)
        call.argument[i] = entry.argument[i];
    return call;
}

} // namespace guest::tests
