#include "tools/compare/counter_meaning.h"

#include <algorithm>
#include <array>

namespace tool {
namespace {

/// Counters by the beginning of their names; the first that fits counts.
struct Family {
    std::string_view prefix;
    Meaning meaning;
    bool is_left_out_at_zero = false;
};
constexpr std::array families{
    Family{"exits_min", Meaning::neutral},
    Family{"exits_max", Meaning::cost},
    Family{"exits_per_", Meaning::cost},
    Family{"exits_", Meaning::cost, true}, // exits_REASON_per_switch
    Family{"hypercalls_per_", Meaning::cost},
    Family{"hypercalls_", Meaning::cost, true},
    Family{"control_register_", Meaning::cost, true},
    Family{"memory_", Meaning::cost, true},
    Family{"msr_", Meaning::cost, true},
    Family{"port_", Meaning::cost, true},
    Family{"guest_", Meaning::cost},
    Family{"monitor_", Meaning::cost},
    Family{"real_time", Meaning::cost},
    Family{"vmcs_accesses_per_exit", Meaning::cost},
    Family{"shadow_in_use", Meaning::neutral, true},
    Family{"shadow_limit", Meaning::neutral, true},
    Family{"shadow_", Meaning::cost, true}, // built, rebuilt, reclaimed, time to fill
    Family{"lock_taken_", Meaning::neutral, true},
    Family{"lock_", Meaning::cost, true}, // waiting
    Family{"kicks_", Meaning::cost, true},
    Family{"shootdowns_", Meaning::neutral, true},
    Family{"root_loads_", Meaning::neutral, true}, // each saves an exit
    Family{"entries_per_flush", Meaning::neutral},
    Family{"entries_", Meaning::neutral, true},
    Family{"cpu_time", Meaning::copy}, // of real_time
    Family{"repetition", Meaning::copy},
    Family{"family_index", Meaning::copy},
    Family{"per_family_instance_index", Meaning::copy},
};

const Family* find_family(std::string_view counter) {
    const auto* const found =
        std::find_if(families.begin(), families.end(), [counter](const Family& family) {
            return counter.starts_with(family.prefix);
        });
    return found == families.end() ? nullptr : found;
}

} // namespace

Meaning meaning(std::string_view counter) {
    const Family* const family = find_family(counter);
    return family == nullptr ? Meaning::neutral : family->meaning;
}

bool is_left_out_at_zero(std::string_view counter) {
    const Family* const family = find_family(counter);
    return family != nullptr && family->is_left_out_at_zero;
}

bool is_time(std::string_view counter) {
    return counter == "real_time" || counter.find("_instructions_per_") != std::string_view::npos ||
           counter.find("_cycles_per_") != std::string_view::npos;
}

} // namespace tool
