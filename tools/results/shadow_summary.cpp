#include "tools/results/shadow_summary.h"

#include "tools/results/exit_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace tool {
namespace {

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

} // namespace tool
