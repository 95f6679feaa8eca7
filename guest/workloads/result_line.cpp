#include "guest/workloads/result_line.h"

#include "guest/boot/machine.h"
#include "guest/console/console.h"
#include "guest/paravirt/binding.h"
#include "shared/call_table.h"
#include "shared/console.h"

namespace guest::workloads {
namespace {

using abi::Statistics;
using console::print;

void print_nonzero(std::string_view family, std::string_view name, std::uint64_t count) {
    if (count != 0)
        print(" ", family, name, "=", count);
}

template <std::size_t size>
void print_by_call(std::string_view family, const std::uint64_t (&before)[size],
                   const std::uint64_t (&after)[size]) {
    for (const abi::CallInfo& info : abi::call_table) {
        const auto number = static_cast<std::uint32_t>(info.call);
        print_nonzero(family, info.name, after[number] - before[number]);
    }
}

template <std::size_t size>
void print_by_name(std::string_view family, const std::array<std::string_view, size>& names,
                   const std::uint64_t (&before)[size], const std::uint64_t (&after)[size]) {
    for (std::size_t i = 0; i < size; ++i)
        print_nonzero(family, names[i], after[i] - before[i]);
}

/// The last of the keyed counts takes all that found no place.
void print_keyed(std::string_view family, std::uint32_t digits, const abi::KeyedCount* before,
                 const abi::KeyedCount* after) {
    for (std::uint32_t i = 0; i < abi::keyed_counts; ++i) {
        const std::uint64_t count = after[i].count - before[i].count;
        if (count == 0)
            continue;
        if (i + 1 == abi::keyed_counts)
            print(" ", family, "other=", count);
        else
            print(" ", family, console::Hex{after[i].key, digits}, "=", count);
    }
}

void print_statistics(const Statistics& before, const Statistics& after) {
    print(" exits=", after.exits - before.exits,
          " monitor_ticks=", after.monitor_ticks - before.monitor_ticks,
          " vmcs_accesses=", after.vmcs_accesses - before.vmcs_accesses,
          " flushes=", after.flushes - before.flushes, " drained=", after.drained - before.drained,
          " refused=", after.refused - before.refused);
    print_nonzero("", "discarded", after.discarded - before.discarded);
    print_nonzero("", "injected", after.injected - before.injected);
    print_nonzero("", "shadow_built", after.shadow_built - before.shadow_built);
    print_nonzero("", "shadow_rebuilt", after.shadow_rebuilt - before.shadow_rebuilt);
    print_nonzero("", "shadow_reclaimed", after.shadow_reclaimed - before.shadow_reclaimed);
    print_nonzero("", "shadow_ticks", after.shadow_ticks - before.shadow_ticks);
    print_nonzero("", "lock_taken", after.lock_taken - before.lock_taken);
    print_nonzero("", "lock_waited", after.lock_waited - before.lock_waited);
    print_nonzero("", "lock_ticks", after.lock_ticks - before.lock_ticks);
    print_nonzero("", "shootdowns", after.shootdowns - before.shootdowns);
    print_nonzero("", "kicks_sent", after.kicks_sent - before.kicks_sent);
    print_nonzero("", "kicks_received", after.kicks_received - before.kicks_received);
    if (after.shadow_limit != 0) // levels
        print(" shadow_in_use=", after.shadow_in_use, " shadow_limit=", after.shadow_limit);
    for (const abi::ExitReasonName& entry : abi::exit_reason_names) {
        const auto reason = static_cast<std::uint32_t>(entry.reason);
        print_nonzero("exit.", entry.name, after.exit[reason] - before.exit[reason]);
    }
    print_by_call("hypercall.", before.hypercall, after.hypercall);
    print_by_call("entry.", before.entry, after.entry);
    print_by_name("control_register.", abi::control_register_access_names, before.control_register,
                  after.control_register);
    print_by_name("memory.", abi::memory_access_names, before.memory, after.memory);
    print_keyed("msr.", 8, before.msr, after.msr);
    print_keyed("port.", 2, before.port, after.port);
}

void print_name(const Workload& workload, const Measurement& measurement) {
    print(abi::result_prefix, "workload=", workload.name);
    if (measurement.processors > 1)
        print(" cpus=", measurement.processors);
}

void print_measurement(const Measurement& measurement) {
    print(" ticks=", measurement.ticks);
    if (measurement.before != nullptr)
        print_statistics(*measurement.before, *measurement.after);
    print_nonzero("", "root_loads", measurement.root_loads);
    if (measurement.processors > 1 && measurement.before != nullptr)
        print(" exits_min=", measurement.exits_min, " exits_max=", measurement.exits_max);
    print("\n");
}

} // namespace

void print_context() {
    const Machine& here = machine();
    print(abi::context_prefix, "machine=", here.lazyhv ? "lazyhv" : "bare",
          " profile=", abi::name(here.profile), " interface=", abi::name(here.interface),
          " rom=", paravirt::bound() ? "yes" : "no", "\n");
}

void print_result(const Workload& workload, std::uint64_t switches,
                  const Measurement& measurement) {
    print_name(workload, measurement);
    print(" switches=", switches);
    print_measurement(measurement);
}

void print_operations_result(const Workload& workload, std::uint64_t operations,
                             const Measurement& measurement) {
    print_name(workload, measurement);
    print(" operations=", operations, " entries=", operations * workload.pages);
    print_measurement(measurement);
}

} // namespace guest::workloads
