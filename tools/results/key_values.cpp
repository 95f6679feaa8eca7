#include "tools/results/key_values.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <algorithm>

namespace tool {
namespace {

/// Takes a value off the front of `text`, up to the blank or the closing quotation mark.
std::string take_value(std::string_view& text, std::string_view whole) {
    const bool quoted = text.starts_with('"');
    if (quoted)
        text.remove_prefix(1);
    const std::size_t end = text.find(quoted ? '"' : ' ');
    if (quoted && end == std::string_view::npos)
        throw Failure(fmt::format("a quotation does not end in the line: {}", whole));
    std::string value(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + (quoted ? 1 : 0));
    return value;
}

} // namespace

KeyValues parse_key_values(std::string_view text) {
    const std::string_view whole = text;
    KeyValues pairs;
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty())
            return pairs;
        const std::size_t equals = text.find_first_of("= ");
        if (equals == 0 || equals == std::string_view::npos || text[equals] != '=')
            throw Failure(fmt::format("KEY=VALUE expected at \"{}\" in the line: {}", text, whole));
        std::string key(text.substr(0, equals));
        text.remove_prefix(equals + 1);
        const auto same_key = [&key](const auto& pair) { return pair.first == key; };
        if (std::any_of(pairs.begin(), pairs.end(), same_key))
            throw Failure(fmt::format("{} is given twice in the line: {}", key, whole));
        std::string value = take_value(text, whole);
        pairs.emplace_back(std::move(key), std::move(value));
    }
}

} // namespace tool
