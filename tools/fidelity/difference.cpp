#include "tools/fidelity/difference.h"

#include "tools/fidelity/disassembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace tool {
namespace {

FidelityPlace on_bare(FidelityPlace place) {
    place.profile = abi::Profile::bare;
    return place;
}

/// The variant with the most features left out among those that differ.
CaseName smallest_variant(const CaseResults& bare, const CaseResults& other, CaseName name) {
    CaseName smallest = name;
    for (const CaseName& variant : different_cases(bare, other)) {
        if (variant.number == name.number &&
            std::popcount(variant.without) > std::popcount(smallest.without))
            smallest = variant;
    }
    return smallest;
}

/// The fields of a line: words, but an event in braces is one field.
std::vector<std::string> fields(const std::string& line) {
    std::vector<std::string> found;
    std::string field;
    bool in_braces = false;
    for (const char byte : line + ' ') {
        if (byte == ' ' && !in_braces) {
            if (!field.empty())
                found.push_back(field);
            field.clear();
            continue;
        }
        in_braces = (in_braces || byte == '{') && byte != '}';
        field += byte;
    }
    return found;
}

/// A field without its value: "cr2" of "cr2=1000", "event d" of "{d error=0 ...}".
std::string field_name(const std::string& field) {
    if (field.starts_with('{'))
        return "event " + field.substr(1, field.find_first_of(" }") - 1);
    if (field.starts_with('['))
        return "memory";
    return field.substr(0, field.find('='));
}

/// The fields of one line that the other one does not have, or does not have as often.
std::vector<std::string> only_in(const std::string& line, const std::string& other) {
    std::vector<std::string> others = fields(other);
    std::vector<std::string> found;
    for (const std::string& field : fields(line)) {
        const auto same = std::find(others.begin(), others.end(), field);
        if (same == others.end())
            found.push_back(field);
        else
            others.erase(same);
    }
    return found;
}

std::string value_of(const std::string& line, std::string_view key) {
    for (const std::string& field : fields(line))
        if (field.starts_with(key))
            return field.substr(key.size());
    return {};
}

std::string signature_of(const Difference& difference) {
    if (difference.other.hash.empty() || difference.bare.hash.empty())
        return value_of(difference.bare.what, "kinds=") + ": the run ended";
    std::vector<std::string> names;
    for (const auto& [line, other] : {std::pair{&difference.bare.seen, &difference.other.seen},
                                      std::pair{&difference.other.seen, &difference.bare.seen}})
        for (const std::string& field : only_in(*line, *other))
            names.push_back(field_name(field));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string text = value_of(difference.bare.what, "kinds=") + ":";
    for (const std::string& name : names)
        text += " " + name;
    return text;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : " ") + part;
    return text.empty() ? "(nothing else)" : text;
}

} // namespace

std::vector<CaseName> different_cases(const CaseResults& bare, const CaseResults& other) {
    std::vector<CaseName> found;
    for (const auto& [name, result] : bare) {
        const auto same = other.find(name);
        if (same == other.end() || result.hash == "-" || same->second.hash == "-")
            continue;
        if (result.hash != same->second.hash)
            found.push_back(name);
    }
    return found;
}

std::vector<Difference> explain(const FidelityPlace& place, const std::vector<CaseName>& cases) {
    const CaseResults bare_variants = run_listed_cases(on_bare(place), cases, ListRun::variants);
    const CaseResults other_variants = run_listed_cases(place, cases, ListRun::variants);
    std::vector<CaseName> smallest;
    for (const CaseName& name : cases)
        smallest.push_back(smallest_variant(bare_variants, other_variants, name));
    const CaseResults bare = run_listed_cases(on_bare(place), smallest, ListRun::details);
    const CaseResults other = run_listed_cases(place, smallest, ListRun::details);
    std::vector<Difference> differences;
    for (const CaseName& name : smallest) {
        if (!bare.contains(name) || !other.contains(name))
            continue;
        Difference difference{
            .name = name, .bare = bare.at(name), .other = other.at(name), .signature = {}};
        difference.signature = signature_of(difference);
        differences.push_back(std::move(difference));
    }
    return differences;
}

std::string text(const Difference& difference, const std::string& profile) {
    const std::string& what = difference.bare.what;
    std::string lines =
        fmt::format("  kinds  {}, mode {}\n", value_of(what, "kinds="), value_of(what, "mode="));
    for (const std::string& instruction :
         disassembled(value_of(what, "code="), value_of(what, "at="), value_of(what, "mode=")))
        lines += "         " + instruction + '\n';
    const std::size_t state = std::min(what.find(" with="), what.size());
    lines += "  before" + what.substr(state) + '\n';
    if (difference.bare.hash.empty() || difference.other.hash.empty()) {
        lines += fmt::format("  bare     {}\n  {:<8} {}\n", difference.bare.seen, profile,
                             difference.other.seen);
        return lines;
    }
    lines += fmt::format("  bare     {}\n",
                         joined(only_in(difference.bare.seen, difference.other.seen)));
    lines += fmt::format("  {:<8} {}\n", profile,
                         joined(only_in(difference.other.seen, difference.bare.seen)));
    return lines;
}

} // namespace tool
