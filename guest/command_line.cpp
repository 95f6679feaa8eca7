#include "guest/command_line.h"

#include "shared/longest_exit.h"

namespace guest {
namespace {

constexpr std::uint64_t max_switches = 1'000'000'000;

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Returns a decimal number from 1 to max_switches; 0 if the text is not such a number.
std::uint64_t parse_number(std::string_view text) {
    std::uint64_t number = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9')
            return 0;
        number = number * 10 + static_cast<std::uint64_t>(digit - '0');
        if (number > max_switches)
            return 0;
    }
    return number;
}

struct CrashWord {
    std::string_view word;
    Crash crash;
};
constexpr CrashWord crash_words[]{
    {"triple-fault", Crash::triple_fault},         {"hang", Crash::hang},
    {"hang-processor-0", Crash::hang_processor_0}, {"hang-processor-1", Crash::hang_processor_1},
    {"deaf-processor-1", Crash::deaf_processor_1}, {"shutdown", Crash::shutdown},
};

bool parse_crash(std::string_view value, Crash& crash) {
    for (const CrashWord& known : crash_words)
        if (value == known.word)
            crash = known.crash;
    return crash != Crash::none;
}

/// Whether `list` consists of numbers of processors, separated by commas.
bool valid_processors(std::string_view list) {
    if (list.empty())
        return false;
    while (!list.empty())
        if (take_processors(list) == 0)
            return false;
    return true;
}

/// Returns false if the word is unknown or its value is invalid.
bool parse_word(std::string_view word, CommandLine& result) {
    if (word == "hello") {
        result.hello = true;
        return true;
    }
    if (word == "test") {
        result.test = true;
        return true;
    }
    if (word == "test=processors") {
        result.test_processors = true;
        return true;
    }
    if (word == "test=differential") {
        result.test_differential = true;
        return true;
    }
    if (word == "test=worst-drain") {
        result.test_worst_drain = true;
        return true;
    }
    if (word == "test=boundaries") {
        result.test_boundaries = true;
        return true;
    }
    if (word == "xapic") {
        result.xapic = true;
        return true;
    }
    if (word == "trampoline") {
        result.trampoline = true;
        return true;
    }
    if (take_prefix(word, "stress=")) {
        result.stress = parse_number(word);
        return result.stress != 0;
    }
    if (take_prefix(word, "processors=")) {
        result.processors = word;
        return valid_processors(word);
    }
    if (take_prefix(word, "hostile=")) {
        result.hostile = word;
        return !word.empty();
    }
    if (take_prefix(word, abi::longest_exit_word)) {
        result.longest_exit = word;
        return abi::are_exit_steps(word);
    }
    if (take_prefix(word, "crash="))
        return parse_crash(word, result.crash);
    if (take_prefix(word, "workload=")) {
        result.run_workloads = true;
        result.workloads = word;
        return !word.empty();
    }
    if (take_prefix(word, "switches=")) {
        result.run_workloads = true;
        result.switches = parse_number(word);
        return result.switches != 0;
    }
    return false;
}

} // namespace

std::string_view take_word(std::string_view& text, char separator) {
    std::size_t length = 0;
    while (length < text.size() && text[length] != separator)
        ++length;
    const std::string_view word(text.data(), length);
    text.remove_prefix(length < text.size() ? length + 1 : length);
    return word;
}

std::uint32_t take_processors(std::string_view& list) {
    constexpr std::uint64_t most = 8;
    const std::uint64_t number = parse_number(take_word(list, ','));
    return number <= most ? static_cast<std::uint32_t>(number) : 0;
}

CommandLine parse_command_line(std::string_view text) {
    CommandLine result;
    while (!text.empty()) {
        const std::string_view word = take_word(text, ' ');
        if (!word.empty() && !parse_word(word, result) && result.wrong_word.empty())
            result.wrong_word = word;
    }
    if (!result.hello && !result.run_workloads && !result.test_processors &&
        !result.test_boundaries && !result.test_worst_drain && !result.test_differential &&
        result.stress == 0 && result.hostile.empty() && result.longest_exit.empty() &&
        result.crash == Crash::none)
        result.test = true;
    return result;
}

} // namespace guest
