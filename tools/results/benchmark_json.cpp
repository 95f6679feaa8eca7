#include "tools/results/benchmark_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <set>

namespace tool {
namespace {

using Json = nlohmann::ordered_json;

/// Counters PREFIX.NAME of a result line become benchmark counters COUNTER_NAME_per_UNIT.
struct Family {
    std::string_view prefix;
    std::string_view counter;
};
constexpr std::array families{
    Family{"exit", "exits"},    Family{"hypercall", "hypercalls"},
    Family{"entry", "entries"}, Family{"control_register", "control_register"},
    Family{"memory", "memory"}, Family{"msr", "msr"},
    Family{"port", "port"},
};

/// Counters of shadow paging, by their names on the result line. Levels are not divided by the
/// number of iterations.
constexpr std::array shadow_counters{"shadow_built", "shadow_rebuilt", "shadow_reclaimed",
                                     "root_loads"};
constexpr std::array shadow_levels{"shadow_in_use", "shadow_limit"};

/// What several processors do to each other, by the names on the result line; and the least and the
/// most exits of one processor.
constexpr std::array processor_counters{"lock_taken", "lock_waited", "shootdowns", "kicks_sent",
                                        "kicks_received"};
constexpr std::array processor_extremes{"exits_min", "exits_max"};

std::string_view unit_name(Unit unit) { return unit == Unit::operations ? "operation" : "switch"; }

/// The unit that Result::cost divides by.
std::string_view cost_unit_name(Unit unit) { return unit == Unit::operations ? "entry" : "switch"; }

void add_shadow_counters(Json& benchmark, const Result& result, std::string_view tick_name) {
    const std::string_view unit = unit_name(result.unit);
    for (const char* const name : shadow_counters)
        if (const std::uint64_t count = result.counter(name); count != 0)
            benchmark[fmt::format("{}_per_{}", name, unit)] = result.per_iteration(count);
    if (const std::uint64_t ticks = result.counter("shadow_ticks"); ticks != 0)
        benchmark[fmt::format("shadow_{}_per_{}", tick_name, unit)] = result.per_iteration(ticks);
    for (const char* const name : shadow_levels)
        if (const std::uint64_t level = result.counter(name); level != 0)
            benchmark[name] = level;
}

void add_processor_counters(Json& benchmark, const Result& result, std::string_view tick_name) {
    const std::string_view unit = unit_name(result.unit);
    for (const char* const name : processor_counters)
        if (const std::uint64_t count = result.counter(name); count != 0)
            benchmark[fmt::format("{}_per_{}", name, unit)] = result.per_iteration(count);
    if (const std::uint64_t ticks = result.counter("lock_ticks"); ticks != 0)
        benchmark[fmt::format("lock_{}_per_{}", tick_name, unit)] = result.per_iteration(ticks);
    for (const char* const name : processor_extremes)
        if (result.counters.contains(name))
            benchmark[name] = result.counter(name);
}

void add_monitor_counters(Json& benchmark, const Result& result, std::string_view tick_name) {
    const std::string_view unit = unit_name(result.unit);
    const std::uint64_t exits = result.counter("exits");
    benchmark[fmt::format("exits_per_{}", unit)] = result.per_iteration(exits);
    benchmark[fmt::format("hypercalls_per_{}", unit)] = result.per_iteration(result.hypercalls());
    benchmark["entries_per_flush"] = result.entries_per_flush();
    if (result.unit == Unit::operations)
        benchmark["exits_per_entry"] = result.per_entry(exits);
    benchmark[fmt::format("monitor_{}_per_{}", tick_name, cost_unit_name(result.unit))] =
        result.cost(result.counter("monitor_ticks"));
    benchmark["vmcs_accesses_per_exit"] = result.vmcs_accesses_per_exit();
    for (const Family& family : families) {
        for (const auto& [name, count] : result.by_name(family.prefix)) {
            const std::string counter = fmt::format("{}_{}_per_{}", family.counter, name, unit);
            benchmark[counter] = result.per_iteration(count);
        }
    }
    add_shadow_counters(benchmark, result, tick_name);
    add_processor_counters(benchmark, result, tick_name);
}

Json to_benchmark(const Run& run, const Result& result, std::string_view tick_name) {
    const std::string name = benchmark_name(run, result);
    const double ticks = result.per_iteration(result.ticks);
    Json benchmark{{"name", name},
                   {"run_name", name},
                   {"run_type", "iteration"},
                   {"repetitions", 1},
                   {"repetition_index", 0},
                   {"threads", result.cpus},
                   {"iterations", result.iterations},
                   {"real_time", ticks},
                   {"cpu_time", ticks},
                   {"time_unit", "ns"}};
    benchmark[fmt::format("guest_{}_per_{}", tick_name, cost_unit_name(result.unit))] =
        result.cost(result.guest_ticks());
    if (result.has_monitor())
        add_monitor_counters(benchmark, result, tick_name);
    return benchmark;
}

/// As Google Benchmark names runs of several threads: "/threads:4".
std::string threads_suffix(std::uint32_t cpus) {
    return cpus == 1 ? "" : fmt::format("/threads:{}", cpus);
}

std::string_view isolation_suffix(const Run& run) {
    return run.has_page_table_isolation ? "/pti" : "";
}

/// "PROFILE/INTERFACE", or "linux/PROFILE" for Linux; followed by the number of processors if the
/// machine has several.
std::string run_name(const Run& run) {
    const std::string threads = threads_suffix(run.cpus);
    if (run.is_of_linux())
        return fmt::format("{}{}{}{}", linux_prefix, abi::name(run.profile), isolation_suffix(run),
                           threads);
    return fmt::format("{}/{}{}", abi::name(run.profile), abi::name(run.interface), threads);
}

/// The context lines that monitor and guest printed in each run, by run_name().
Json run_contexts(const std::vector<Run>& runs) {
    Json contexts = Json::object();
    for (const Run& run : runs)
        contexts[run_name(run)] = run.context;
    return contexts;
}

} // namespace

std::string benchmark_name(const Run& run, const Result& result) {
    const std::string threads = threads_suffix(result.cpus);
    const std::string profile_and_interface =
        fmt::format("{}/{}", abi::name(run.profile), abi::name(run.interface));
    if (result.workload.starts_with(linux_prefix))
        return fmt::format("{}/{}{}{}", result.workload, abi::name(run.profile),
                           isolation_suffix(run), threads);
    if (result.unit == Unit::operations) // "pagetable/map/512"
        return fmt::format("{}/{}{}", result.workload, profile_and_interface, threads);
    if (result.workload != empty_vmcall_workload)
        return fmt::format("switch/{}/{}{}", result.workload, profile_and_interface, threads);
    const bool has_rom = run.interface != abi::Interface::native;
    return fmt::format("vmcall/empty/{}/{}{}", abi::name(run.profile), has_rom ? "rom" : "native",
                       threads);
}

std::string benchmark_json(const std::vector<Run>& runs,
                           const std::map<std::string, std::string>& context,
                           std::string_view tick_name) {
    Json document;
    document["context"] = context;
    document["context"]["time_unit_note"] = fmt::format(
        "real_time and cpu_time are {} per iteration (switch, operation on page tables, "
        "or VMCALL); 1 ns stands for one",
        tick_name);
    document["context"]["runs"] = run_contexts(runs);
    document["benchmarks"] = Json::array();
    std::set<std::string> written;
    for (const Run& run : runs) {
        for (const Result& result : run.results) {
            if (written.insert(benchmark_name(run, result)).second)
                document["benchmarks"].push_back(to_benchmark(run, result, tick_name));
        }
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace tool
