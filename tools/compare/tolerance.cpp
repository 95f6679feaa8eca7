#include "tools/compare/tolerance.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <charconv>
#include <fnmatch.h>
#include <limits>

namespace tool {

Tolerance parse_tolerance(std::string_view text) {
    const std::size_t sign = text.rfind('=');
    const bool names_counter = sign != std::string_view::npos;
    const std::string_view pattern = names_counter ? text.substr(0, sign) : "*";
    std::string_view amount = names_counter ? text.substr(sign + 1) : text;
    if (amount == "any" && names_counter && !pattern.empty())
        return {std::string(pattern), std::numeric_limits<double>::infinity()};
    const bool is_percentage = amount.ends_with('%');
    if (is_percentage)
        amount.remove_suffix(1);
    double percent = 0;
    const auto [end, error] = std::from_chars(amount.data(), amount.data() + amount.size(), percent,
                                              std::chars_format::fixed);
    if (!is_percentage || pattern.empty() || error != std::errc() ||
        end != amount.data() + amount.size() || !(percent >= 0)) {
        throw WrongUsage(fmt::format(
            "tolerance \"{}\": give a percentage like 2%, or COUNTER=2% or COUNTER=any", text));
    }
    constexpr double percent_of_one = 100;
    return {std::string(pattern), percent / percent_of_one};
}

double tolerated_part(const std::vector<Tolerance>& tolerances, const std::string& counter) {
    double part = 0;
    for (const Tolerance& tolerance : tolerances)
        if (fnmatch(tolerance.pattern.c_str(), counter.c_str(), 0) == 0)
            part = tolerance.part;
    return part;
}

} // namespace tool
