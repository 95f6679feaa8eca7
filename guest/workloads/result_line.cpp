#include "guest/workloads/result_line.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/paravirt/binding.h"
#include "shared/console.h"
#include "shared/statistics_text.h"

namespace guest::workloads {
namespace {

using console::print;

void print_nonzero(std::string_view name, std::uint64_t count) {
    if (count != 0)
        print(" ", name, "=", count);
}

void print_statistics(const abi::Statistics& before, const abi::Statistics& after) {
    const auto print_count = [](std::string_view family, std::string_view name,
                                std::uint64_t count) { print(" ", family, name, "=", count); };
    const auto print_keyed = [](std::string_view family, std::uint32_t digits, std::uint32_t key,
                                std::uint64_t count) {
        print(" ", family, console::Hex{key, digits}, "=", count);
    };
    abi::StatisticsText{before, after, print_count, print_keyed}.print();
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
    print_nonzero("root_loads", measurement.root_loads);
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
