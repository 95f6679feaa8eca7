#include "tools/results/exit_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

namespace tool {
namespace {

/// Which counters say more about an exit reason.
struct SubReasons {
    std::string_view reason;
    std::string_view prefix;
};
constexpr std::array sub_reasons{
    SubReasons{"VMCALL", "hypercall"},     SubReasons{"CR_ACCESS", "control_register"},
    SubReasons{"EPT_VIOLATION", "memory"}, SubReasons{"MSR_READ", "msr"},
    SubReasons{"MSR_WRITE", "msr"},        SubReasons{"IO_INSTRUCTION", "port"},
};

std::string list_counts(const Result& result, std::string_view prefix) {
    std::vector<std::string> parts;
    for (const auto& [name, count] : result.by_name(prefix))
        parts.push_back(fmt::format("{} {}", name, format_rate(result.per_switch(count))));
    return fmt::format("{}", fmt::join(parts, ", "));
}

} // namespace

std::string format_rate(double rate) {
    return rate == std::floor(rate) ? fmt::format("{:.0f}", rate) : fmt::format("{:.3f}", rate);
}

std::vector<std::string> exit_summary(const Result& result) {
    std::vector<std::string> summary;
    for (const auto& [reason, count] : result.by_name("exit")) {
        std::string detail;
        for (const SubReasons& entry : sub_reasons)
            if (entry.reason == reason)
                detail = list_counts(result, entry.prefix);
        summary.push_back(fmt::format("{} {}{}", reason, format_rate(result.per_switch(count)),
                                      detail.empty() ? "" : fmt::format(" ({})", detail)));
    }
    const std::string drained = list_counts(result, "entry");
    if (!drained.empty())
        summary.push_back("drained: " + drained);
    return summary;
}

} // namespace tool
