#include "tools/results/result.h"

#include "shared/processors.h"
#include "tools/host/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace tool {
namespace {

/// Takes a value off the front of `text`, up to the next blank or closing quotation mark.
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

std::uint64_t parse_count(std::string_view key, std::string_view text) {
    std::uint64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [parsed_to, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || parsed_to != end)
        throw Failure(fmt::format("\"{}\" is not a number for {} in a result line", text, key));
    return count;
}

std::uint32_t parse_cpus(std::string_view text) {
    const std::uint64_t cpus = parse_count("cpus", text);
    if (cpus == 0 || cpus > abi::max_vcpus)
        throw Failure(
            fmt::format("cpus={} in a result line: there are 1 to {}", cpus, abi::max_vcpus));
    return static_cast<std::uint32_t>(cpus);
}

double divide(std::uint64_t dividend, std::uint64_t divisor) {
    return divisor == 0 ? 0.0 : static_cast<double>(dividend) / static_cast<double>(divisor);
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

std::uint64_t Result::counter(std::string_view name) const {
    const auto found = counters.find(name);
    return found == counters.end() ? 0 : found->second;
}

double Result::per_iteration(std::uint64_t count) const { return divide(count, iterations); }

double Result::per_entry(std::uint64_t count) const { return divide(count, entries); }

double Result::cost(std::uint64_t count) const {
    return unit == Unit::operations ? per_entry(count) : per_iteration(count);
}

std::uint64_t Result::guest_ticks() const {
    return ticks - std::min(ticks, counter("monitor_ticks"));
}

std::uint64_t Result::hypercalls() const {
    std::uint64_t sum = 0;
    for (const NamedCount& hypercall : by_name("hypercall"))
        sum += hypercall.second;
    return sum;
}

double Result::entries_per_flush() const { return divide(counter("drained"), counter("flushes")); }

double Result::vmcs_accesses_per_exit() const {
    return divide(counter("vmcs_accesses"), counter("exits"));
}

std::vector<Result::NamedCount> Result::by_name(std::string_view prefix) const {
    const std::string start = fmt::format("{}.", prefix);
    std::vector<NamedCount> found;
    for (const auto& [name, count] : counters)
        if (name.starts_with(start) && count != 0)
            found.emplace_back(name.substr(start.size()), count);
    std::stable_sort(
        found.begin(), found.end(),
        [](const NamedCount& left, const NamedCount& right) { return left.second > right.second; });
    return found;
}

bool Run::is_of_linux() const {
    return std::any_of(results.begin(), results.end(), [](const Result& result) {
        return result.workload.starts_with(linux_prefix);
    });
}

Result parse_result(std::string_view text) {
    Result result;
    std::optional<std::uint64_t> switches;
    std::optional<std::uint64_t> operations;
    std::optional<std::uint64_t> entries;
    std::optional<std::uint64_t> ticks;
    for (const auto& [key, value] : parse_key_values(text)) {
        if (key == "workload")
            result.workload = value;
        else if (key == "switches")
            switches = parse_count(key, value);
        else if (key == "operations")
            operations = parse_count(key, value);
        else if (key == "entries")
            entries = parse_count(key, value);
        else if (key == "ticks")
            ticks = parse_count(key, value);
        else if (key == "cpus")
            result.cpus = parse_cpus(value);
        else
            result.counters.emplace(key, parse_count(key, value));
    }
    if (result.workload.empty() || !ticks || switches.has_value() == operations.has_value() ||
        operations.has_value() != entries.has_value()) {
        throw Failure(fmt::format("a result needs workload, ticks, and either switches or "
                                  "operations and entries: {}",
                                  text));
    }
    result.unit = operations ? Unit::operations : Unit::switches;
    result.iterations = operations ? *operations : *switches;
    result.entries = entries.value_or(0);
    result.ticks = *ticks;
    if (result.iterations == 0 || entries == std::uint64_t{0})
        throw Failure(fmt::format("nothing was done in workload {}: {}", result.workload, text));
    if (result.cpus == 1 && result.counter("monitor_ticks") > result.ticks)
        throw Failure(fmt::format("the monitor's ticks exceed all ticks in workload {}: {} of {}",
                                  result.workload, result.counter("monitor_ticks"), result.ticks));
    return result;
}

} // namespace tool
