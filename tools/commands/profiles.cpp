#include "tools/commands/profiles.h"

#include "tools/host/failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace tool {
namespace {

/// The one of `known` with that name. Throws Failure with a list of the names if there is none.
template <typename Known>
auto parse_name(std::string_view what, std::string_view name, const Known& known) {
    std::vector<std::string_view> names;
    for (const auto each : known) {
        if (abi::name(each) == name)
            return each;
        names.push_back(abi::name(each));
    }
    throw Failure(fmt::format("unknown {} \"{}\": give {}", what, name, fmt::join(names, ", ")));
}

constexpr std::array interfaces{abi::Interface::native, abi::Interface::eager,
                                abi::Interface::lazy};
static_assert(interfaces.size() == abi::interface_count);

} // namespace

abi::Profile parse_profile(std::string_view name) {
    return parse_name("profile", name, profile_order);
}

abi::Interface parse_interface(std::string_view name) {
    return parse_name("interface", name, interfaces);
}

} // namespace tool
