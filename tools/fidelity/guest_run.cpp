#include "tools/fidelity/guest_run.h"

#include "tools/host/build_folder.h"
#include "tools/host/failure.h"
#include "tools/machine/emulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace tool {
namespace {

/// Cases that the guest takes in one list, and bytes of a command line that GRUB takes.
constexpr std::size_t longest_list = 24;

std::string_view take_word(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

template <typename T>
T parse(std::string_view text) {
    T value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// What one boot has printed.
class Transcript {
  public:
    void take(ConsoleReader::Kind kind, std::string_view text) {
        while (text.ends_with('\n'))
            text.remove_suffix(1);
        if (kind == ConsoleReader::Kind::program)
            take_program_line(text);
        else if (kind == ConsoleReader::Kind::monitor || kind == ConsoleReader::Kind::error)
            last_message_ = text;
    }

    FidelityRun run;
    /// The last one that has ended; and the last one of a list that has begun.
    std::optional<CaseName> last_ended;
    std::optional<CaseName> last_begun;
    [[nodiscard]] const std::string& last_message() const { return last_message_; }

  private:
    std::string last_message_;

    void take_program_line(std::string_view line) {
        const std::string_view key = take_word(line);
        if (key == "@kind") {
            const std::string name(take_word(line));
            run.kinds[name] += parse<std::uint64_t>(line);
            return;
        }
        if (key != "@case" && key != "@what" && key != "@seen" && key != "@begin")
            return;
        const auto number = parse<std::uint64_t>(take_word(line));
        const CaseName name{number, parse<std::uint32_t>(take_word(line))};
        if (key == "@begin") {
            last_begun = name;
            return;
        }
        CaseResult& result = run.results[name];
        if (key == "@what") {
            result.what = line;
        } else if (key == "@seen") {
            result.seen = line;
        } else {
            result.hash = line;
            last_ended = name;
        }
    }
};

/// Boots once. Returns how the run ended, if not as it should.
std::optional<std::string> boot(const FidelityPlace& place, std::vector<std::string> words,
                                Transcript& transcript) {
    words.push_back(fmt::format("seed={}", place.seed));
    if (place.real_mode)
        words.emplace_back("real-mode");
    if (!place.left_out.empty())
        words.push_back("leave-out=" + place.left_out);
    if (!place.without.empty())
        words.push_back("without=" + place.without);
    const BootImage image{.monitor = built_file("hypervisor/lazyhv.elf"),
                          .rom = built_file("vmi_rom/vmi.rom"),
                          .guest = built_file("tests/fidelity/fidelity.elf"),
                          .module = std::nullopt,
                          .monitor_options = {.profile = place.profile,
                                              .interface = abi::Interface::native,
                                              .shadow_kibibytes = std::nullopt},
                          .guest_arguments = std::move(words)};
    ConsoleReader reader([&transcript](ConsoleReader::Kind kind, std::string_view text) {
        transcript.take(kind, text);
    });
    try {
        const int status = emulate(place.machine, image, reader, false);
        if (status == 0)
            return std::nullopt;
        return fmt::format("the run ended with status {}: {}", status, transcript.last_message());
    } catch (const Failure& failure) {
        return fmt::format("{}: {}", failure.what(), transcript.last_message());
    }
}

void add(FidelityRun& sum, FidelityRun&& part) {
    sum.results.merge(part.results);
    for (const auto& [name, count] : part.kinds)
        sum.kinds[name] += count;
}

} // namespace

FidelityRun run_cases(const FidelityPlace& place, std::uint64_t first, std::uint64_t count) {
    FidelityRun all;
    const std::uint64_t end = first + count;
    while (first < end) {
        Transcript transcript;
        const std::optional<std::string> failure = boot(
            place, {fmt::format("first={}", first), fmt::format("count={}", end - first), "kinds"},
            transcript);
        const std::uint64_t next =
            transcript.last_ended ? transcript.last_ended->number + 1 : first;
        add(all, std::move(transcript.run));
        if (!failure)
            break;
        if (!transcript.last_begun || next >= end)
            throw Failure(*failure);
        all.results[{next, 0}] = {.hash = "", .what = "", .seen = *failure};
        first = next + 1;
    }
    return all;
}

CaseResults run_listed_cases(const FidelityPlace& place, const std::vector<CaseName>& cases,
                             ListRun kind) {
    FidelityRun all;
    for (std::size_t first = 0; first < cases.size();) {
        const std::size_t end = std::min(first + longest_list, cases.size());
        std::string list = "list=";
        for (std::size_t index = first; index < end; ++index)
            list += fmt::format("{}{}:{}", index == first ? "" : ",", cases[index].number,
                                cases[index].without);
        Transcript transcript;
        const std::optional<std::string> failure =
            boot(place, {list, kind == ListRun::details ? "details" : "variants"}, transcript);
        if (failure && !transcript.last_begun)
            throw Failure(*failure);
        if (!failure) {
            first = end;
        } else {
            const CaseName last = *transcript.last_begun;
            first = static_cast<std::size_t>(
                std::find(cases.begin() + static_cast<std::ptrdiff_t>(first), cases.end(), last) -
                cases.begin() + 1);
            if (kind == ListRun::details) {
                transcript.run.results[last].hash.clear();
                transcript.run.results[last].seen = *failure;
            }
        }
        add(all, std::move(transcript.run));
    }
    return std::move(all.results);
}

} // namespace tool
