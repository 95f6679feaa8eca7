#include "tools/results/exit_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

namespace tool {
namespace {

/// The counters that break an exit reason down further.
struct SubReasons {
    std::string_view reason;
    std::string_view prefix;
};
constexpr std::array sub_reasons{
    SubReasons{"VMCALL", "hypercall"},    SubReasons{"CR_ACCESS", "control_register"},
    SubReasons{"MSR_READ", "msr"},        SubReasons{"MSR_WRITE", "msr"},
    SubReasons{"IO_INSTRUCTION", "port"},
};
constexpr std::string_view ept_violation = "EPT_VIOLATION";
constexpr std::string_view exception = "EXCEPTION_NMI";

/// The prefix of the counters that break `reason` down further; "" if there are none.
std::string_view sub_reason_prefix(const Result& result, std::string_view reason) {
    // Accesses to memory exit as EPT violations or, without EPT, as page faults. With EPT an
    // exception only marks the end of a stepped store.
    const bool has_ept = result.counter(fmt::format("exit.{}", ept_violation)) != 0;
    if (reason == (has_ept ? ept_violation : exception))
        return "memory";
    for (const SubReasons& entry : sub_reasons)
        if (entry.reason == reason)
            return entry.prefix;
    return "";
}

std::string list_counts(const Result& result, std::string_view prefix) {
    std::vector<std::string> parts;
    for (const auto& [name, count] : result.by_name(prefix))
        parts.push_back(fmt::format("{} {}", name, format_rate(result.per_iteration(count))));
    return fmt::format("{}", fmt::join(parts, ", "));
}

struct Event {
    std::string_view counter;
    std::string_view text;
};
constexpr std::array events{
    Event{"shadow_built", "built"},
    Event{"shadow_rebuilt", "built again"},
    Event{"shadow_reclaimed", "reclaimed"},
};

} // namespace

std::string format_rate(double rate) {
    return rate == std::floor(rate) ? fmt::format("{:.0f}", rate) : fmt::format("{:.3f}", rate);
}

std::vector<std::string> exit_summary(const Result& result) {
    std::vector<std::string> summary;
    for (const auto& [reason, count] : result.by_name("exit")) {
        const std::string_view prefix = sub_reason_prefix(result, reason);
        const std::string detail = prefix.empty() ? "" : list_counts(result, prefix);
        summary.push_back(fmt::format("{} {}{}", reason, format_rate(result.per_iteration(count)),
                                      detail.empty() ? "" : fmt::format(" ({})", detail)));
    }
    const std::string drained = list_counts(result, "entry");
    if (!drained.empty())
        summary.push_back("drained: " + drained);
    return summary;
}

std::vector<std::string> shadow_summary(const Result& result, std::string_view tick_name) {
    const auto rate = [&result](std::string_view counter) {
        return format_rate(result.per_iteration(result.counter(counter)));
    };
    std::vector<std::string> tables;
    for (const Event& event : events)
        if (result.counter(event.counter) != 0)
            tables.push_back(fmt::format("{} {}", event.text, rate(event.counter)));
    if (result.counter("shadow_ticks") != 0)
        tables.push_back(fmt::format("filled in {} {}", rate("shadow_ticks"), tick_name));
    if (result.counter("shadow_in_use") != 0)
        tables.push_back(fmt::format("in use {} of {}", result.counter("shadow_in_use"),
                                     result.counter("shadow_limit")));
    std::vector<std::string> summary;
    if (result.counter("root_loads") != 0)
        summary.push_back(fmt::format("CR3 loads without an exit {}", rate("root_loads")));
    if (!tables.empty())
        summary.push_back(fmt::format("shadow tables: {}", fmt::join(tables, ", ")));
    return summary;
}

std::string full_summary(const Result& result, std::string_view tick_name) {
    std::vector<std::string> parts = exit_summary(result);
    for (std::string& part : shadow_summary(result, tick_name))
        parts.push_back(std::move(part));
    return fmt::format("{}", fmt::join(parts, "; "));
}

} // namespace tool
