#include "guest/linux/result_line.h"

#include "shared/call_table.h"
#include "shared/console.h"

#include <cinttypes>
#include <cstdio>

namespace linux_guest {
namespace {

using abi::Statistics;

void print_count(std::string_view family, std::string_view name, std::uint64_t count) {
    std::printf(" %.*s%.*s=%" PRIu64, static_cast<int>(family.size()), family.data(),
                static_cast<int>(name.size()), name.data(), count);
}

void print_nonzero(std::string_view family, std::string_view name, std::uint64_t count) {
    if (count != 0)
        print_count(family, name, count);
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
void print_keyed(const char* family, int digits, const abi::KeyedCount* before,
                 const abi::KeyedCount* after) {
    for (std::uint32_t i = 0; i < abi::keyed_counts; ++i) {
        const std::uint64_t count = after[i].count - before[i].count;
        if (count == 0)
            continue;
        if (i + 1 == abi::keyed_counts)
            std::printf(" %sother=%" PRIu64, family, count);
        else
            std::printf(" %s0x%0*" PRIx32 "=%" PRIu64, family, digits, after[i].key, count);
    }
}

void print_statistics(const Statistics& before, const Statistics& after) {
    print_count("", "exits", after.exits - before.exits);
    print_count("", "monitor_ticks", after.monitor_ticks - before.monitor_ticks);
    print_count("", "vmcs_accesses", after.vmcs_accesses - before.vmcs_accesses);
    print_count("", "flushes", after.flushes - before.flushes);
    print_count("", "drained", after.drained - before.drained);
    print_count("", "refused", after.refused - before.refused);
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
    if (after.shadow_limit != 0) { // levels
        print_count("", "shadow_in_use", after.shadow_in_use);
        print_count("", "shadow_limit", after.shadow_limit);
    }
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

void print_name(const char* name) {
    std::printf("%.*sworkload=linux/%s", static_cast<int>(abi::result_prefix.size()),
                abi::result_prefix.data(), name);
}

void print_measurement(const Measurement& measurement) {
    print_count("", "ticks", measurement.ticks());
    if (measurement.has_counters())
        print_statistics(measurement.before(), measurement.after());
    std::printf("\n");
}

} // namespace

void print_switches_result(const char* name, std::uint64_t switches,
                           const Measurement& measurement) {
    print_name(name);
    print_count("", "switches", switches);
    print_measurement(measurement);
}

void print_operations_result(const char* name, std::uint64_t operations, std::uint64_t entries,
                             const Measurement& measurement) {
    print_name(name);
    print_count("", "operations", operations);
    print_count("", "entries", entries);
    print_measurement(measurement);
}

} // namespace linux_guest
