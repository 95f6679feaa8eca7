#pragma once
// Bochs's CPU models.

#include <string>
#include <string_view>
#include <vector>

namespace tool {

inline constexpr std::string_view default_cpu_model = "corei7_haswell_4770";

/// The names in what `bochs --help cpu` prints.
std::vector<std::string> parse_cpu_models(std::string_view help);

/// Throws Failure, with the models that have VT-x and EPT, unless `model` is one of `known`.
void require_known_cpu_model(std::string_view model, const std::vector<std::string>& known);

} // namespace tool
