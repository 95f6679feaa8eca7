#include "tests/fidelity/guest/options.h"

#include "shared/start_info.h"
#include "tests/fidelity/guest/layout.h"
#include "tests/fidelity/guest/test_case.h"

namespace fidelity {
namespace {

constinit char command_line[1024];
constinit Options options;

/// The text up to a separator, which is taken from `rest` with it.
std::string_view take_part(std::string_view& rest, char separator) {
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != separator)
        ++end;
    const std::string_view part(rest.data(), end);
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    return part;
}

std::uint64_t parse_number(std::string_view text) {
    std::uint64_t value = 0;
    for (const char digit : text)
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    return value;
}

void take_list(std::string_view text) {
    while (!text.empty() && options.listed < options.list.size()) {
        std::string_view entry = take_part(text, ',');
        const std::uint64_t number = parse_number(take_part(entry, ':'));
        options.list[options.listed++] = {number, static_cast<std::uint32_t>(parse_number(entry))};
    }
}

std::uint32_t features_in_list(std::string_view list) {
    std::uint32_t features = 0;
    for (std::uint32_t feature = 0; feature < feature_count; ++feature)
        if (is_in_list(list, feature_names[feature]))
            features |= 1U << feature;
    return features;
}

void take_word(std::string_view word) {
    const std::string_view key = take_part(word, '=');
    if (key == "seed")
        options.seed = parse_number(word);
    else if (key == "first")
        options.first = parse_number(word);
    else if (key == "count")
        options.count = parse_number(word);
    else if (key == "list")
        take_list(word);
    else if (key == "without")
        options.without = features_in_list(word);
    else if (key == "leave-out")
        options.left_out = word;
    options.variants = options.variants || key == "variants";
    options.details = options.details || key == "details";
    options.translations = options.translations || key == "translations";
    options.real_mode = options.real_mode || key == "real-mode";
    options.counts_kinds = options.counts_kinds || key == "kinds";
}

} // namespace

const Options& read_options(std::uint64_t start_information) {
    const auto& information =
        *reinterpret_cast<const abi::StartInfo*>(kernel_base + start_information);
    if (information.command_line == 0)
        return options;
    const auto* const text = reinterpret_cast<const char*>(kernel_base + information.command_line);
    for (std::size_t index = 0; index + 1 < sizeof command_line && text[index] != '\0'; ++index)
        command_line[index] = text[index];
    std::string_view rest = command_line;
    while (!rest.empty())
        take_word(take_part(rest, ' '));
    return options;
}

bool is_in_list(std::string_view list, std::string_view name) {
    while (!list.empty())
        if (take_part(list, ',') == name)
            return true;
    return false;
}

} // namespace fidelity
