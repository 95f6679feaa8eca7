#include "hypervisor/boot/options.h"

#include <array>
#include <cstdint>

namespace hv {

namespace {

// The index of `name` in `names`, or their number.
template <typename Names>
std::uint32_t position(const Names& names, std::string_view name) {
    std::uint32_t index = 0;
    while (index < names.size() && names[index] != name)
        ++index;
    return index;
}

bool take_number(std::string_view digits, std::uint64_t& number) {
    constexpr std::size_t most_digits = 9;
    number = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9')
            return false;
        number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return !digits.empty() && digits.size() <= most_digits;
}

bool take_flag(std::string_view value, bool& flag) {
    flag = value == "1";
    return value == "0" || value == "1";
}

bool take_word(std::string_view word, Options& options) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos)
        return false;
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    if (key == "profile") {
        const std::uint32_t index = position(abi::profile_names, value);
        options.profile = static_cast<abi::Profile>(index);
        return index < abi::profile_count;
    }
    if (key == "interface") {
        const std::uint32_t index = position(abi::interface_names, value);
        options.interface = static_cast<abi::Interface>(index);
        return index < abi::interface_count;
    }
    if (key == "shadow")
        return take_number(value, options.shadow_kibibytes);
    if (key == "protect")
        return take_flag(value, options.protects);
    if (key == "trace")
        return take_flag(value, options.traces);
    return false;
}

} // namespace

std::optional<Options> parse_options(std::string_view command_line, std::string_view& unknown) {
    Options options;
    while (!command_line.empty()) {
        const std::size_t end = command_line.find(' ');
        const std::string_view word = command_line.substr(0, end);
        command_line.remove_prefix(end == std::string_view::npos ? command_line.size() : end + 1);
        if (word.empty())
            continue;
        if (!take_word(word, options)) {
            unknown = word;
            return std::nullopt;
        }
    }
    return options;
}

} // namespace hv
