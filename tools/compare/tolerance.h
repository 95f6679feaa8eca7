#pragma once
// By how much a counter may get worse.

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The tolerance of the counters whose names fit a pattern.
struct Tolerance {
    std::string pattern; ///< a counter's name; "*" stands for any letters
    double part;         ///< 0.02 for 2%; infinity for "any"
};

/// Parses "2%" (all counters), "COUNTER=2%" and "COUNTER=any". Throws WrongUsage.
Tolerance parse_tolerance(std::string_view text);

/// What the last tolerance that fits says; 0 if none does.
double tolerated_part(const std::vector<Tolerance>& tolerances, const std::string& counter);

} // namespace tool
