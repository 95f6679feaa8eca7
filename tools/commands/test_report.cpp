#include "tools/commands/test_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tool {
namespace {

std::string_view trim(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// The part of `text` before `mark`; all of it if there is none.
std::string_view before(std::string_view text, std::string_view mark) {
    return text.substr(0, text.find(mark));
}

/// A regular expression that matches this name alone.
std::string exactly(std::string_view name) {
    constexpr std::string_view special = R"(.[]{}()\*+?^$|)";
    std::string text = "^";
    for (const char character : name) {
        if (special.find(character) != std::string_view::npos)
            text += '\\';
        text += character;
    }
    return text + '$';
}

} // namespace

// "  3/403 Test  #12: unit.Drain .......   Passed    0.05 sec", "...***Failed    1.20 sec".
std::string TestReport::result_line(std::string_view line, std::size_t mark) {
    const std::string_view place = trim(line.substr(0, mark));
    ended_ = before(place, "/");
    count_ = place.substr(place.find('/') + 1);
    const std::string_view rest = line.substr(line.find(": ", mark) + 2);
    const std::string name(before(rest, " "));
    std::erase(running_, name);
    const bool has_passed = rest.find(" Passed ") != std::string_view::npos;
    if (!has_passed)
        failed_.push_back(name);
    const std::string_view time = trim(before(rest, " sec"));
    return fmt::format("{:>{}}/{}  {}  {:>7} s  {}\n", ended_, count_.size(), count_,
                       has_passed ? "passed" : "FAILED", time.substr(time.rfind(' ') + 1), name);
}

std::string TestReport::take(std::string_view line) {
    constexpr std::string_view start = "  Start ";
    if (has_ended_all_ || line.starts_with("Internal ctest") || line.starts_with("Test project "))
        return "";
    // ctest's own list of what failed, and its times, come after this line.
    if (line.find("% tests passed, ") != std::string_view::npos) {
        has_ended_all_ = true;
        return "";
    }
    if (const std::size_t found = line.find(start);
        found != std::string_view::npos && trim(line.substr(0, found)).empty()) {
        running_.emplace_back(trim(line.substr(line.find(": ") + 2)));
        return "";
    }
    const std::size_t mark = line.find(" Test ");
    const bool is_result =
        mark != std::string_view::npos &&
        line.substr(0, mark).find('/') != std::string_view::npos &&
        trim(line.substr(0, mark)).find_first_not_of("0123456789/") == std::string_view::npos &&
        line.find(" sec") != std::string_view::npos;
    if (is_result)
        return result_line(line, mark);
    return trim(line).empty() ? "" : fmt::format("{}\n", line);
}

std::string TestReport::progress() const {
    if (running_.empty() && ended_.empty())
        return "";
    const std::string place =
        ended_.empty() ? std::string("the first tests") : fmt::format("{} of {}", ended_, count_);
    return fmt::format("{}: {}", place, fmt::join(running_, ", "));
}

std::string TestReport::end() const {
    if (ended_.empty())
        return "";
    if (failed_.empty())
        return fmt::format("\nAll {} tests passed.\n", count_);
    std::string text =
        fmt::format("\n{} of {} tests failed. To run one again:\n", failed_.size(), count_);
    for (const std::string& name : failed_)
        text += fmt::format("  ./lazyhv test -R '{}'\n", exactly(name));
    return text;
}

} // namespace tool
