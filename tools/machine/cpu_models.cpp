#include "tools/machine/cpu_models.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tool {
namespace {

/// Read from the models' VMX capability MSRs; Bochs itself does not list features by model.
constexpr std::array<std::string_view, 10> models_with_ept{
    "corei5_lynnfield_750",      "corei5_arrandale_m520",
    "corei7_sandy_bridge_2600k", "corei7_ivy_bridge_3770k",
    "corei7_haswell_4770",       "broadwell_ult",
    "corei7_skylake_x",          "corei3_cnl",
    "corei7_icelake_u",          "tigerlake"};

bool is_model_name(std::string_view line) {
    return !line.empty() && line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                std::string_view::npos;
}

} // namespace

std::vector<std::string> parse_cpu_models(std::string_view help) {
    std::vector<std::string> models;
    while (!help.empty()) {
        const std::size_t end = std::min(help.find('\n'), help.size());
        std::string_view line = help.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (is_model_name(line))
            models.emplace_back(line);
        help.remove_prefix(std::min(end + 1, help.size()));
    }
    return models;
}

void require_known_cpu_model(std::string_view model, const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), model) != known.end())
        return;
    std::string usable;
    for (const std::string_view name : models_with_ept)
        if (std::find(known.begin(), known.end(), name) != known.end())
            usable += fmt::format("\n  {}", name);
    throw Failure(fmt::format(
        "Bochs has no CPU model \"{}\"; those with VT-x and EPT are:{}\n"
        "(core2_penryn_t9600 has VT-x without EPT, which is enough for profile classic; "
        "`bochs --help cpu` lists all)",
        model, usable));
}

} // namespace tool
