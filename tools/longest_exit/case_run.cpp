#include "tools/longest_exit/case_run.h"

#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/machine/emulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace tool {
namespace {

constexpr std::size_t kept_message = 4096;

/// Removes "KEY=VALUE " from the front of a line and returns VALUE.
std::string_view take_value(std::string_view& line) {
    const std::size_t begin = std::min(line.find('='), line.size() - 1) + 1;
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    const std::string_view value = line.substr(begin, end - begin);
    line.remove_prefix(std::min(end + 1, line.size()));
    return value;
}

std::uint64_t take_number(std::string_view& line) {
    const std::string_view digits = take_value(line);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// A line as shared/longest_exit.h describes it; nothing if it is another one.
std::optional<StepResult> parse_step(std::string_view line) {
    if (!line.starts_with(abi::longest_exit_prefix) || line.find(" what=") == std::string::npos)
        return std::nullopt;
    line.remove_prefix(abi::longest_exit_prefix.size());
    while (line.ends_with('\n'))
        line.remove_suffix(1);
    StepResult result;
    (void)take_number(line); // which step: they come in order
    result.instructions = take_number(line);
    result.exits = take_number(line);
    result.reason = take_value(line);
    result.kind = take_value(line);
    result.what = line.substr(line.find('=') + 1);
    return result;
}

} // namespace

CaseResult run_exit_case(const Machine& machine, const MonitorOptions& monitor,
                         const ExitCase& one) {
    BootImage image{.monitor = built_file("hypervisor/lazyhv.elf"),
                    .rom = built_file("vmi_rom/vmi.rom"),
                    .guest = built_file("guest/guest.elf"),
                    .module = std::nullopt,
                    .monitor_options = monitor,
                    .guest_arguments = {std::string(abi::longest_exit_word) + text(one.steps)}};
    if (one.is_unaware) {
        image.monitor_options.interface = abi::Interface::native;
        image.monitor_options.protects_descriptors = false;
    }
    CaseResult result;
    std::string last_message;
    bool has_begun = false;
    ConsoleReader reader([&](ConsoleReader::Kind kind, std::string_view text) {
        has_begun = true;
        if (kind == ConsoleReader::Kind::program) {
            if (const auto step = parse_step(text))
                result.steps.push_back(*step);
        } else if (kind == ConsoleReader::Kind::error) {
            last_message = text.substr(0, text.find('\n'));
        } else if (kind == ConsoleReader::Kind::text && text.find_first_not_of("\n") != text.npos) {
            add_to_end(last_message, text, kept_message);
        }
    });
    try {
        const int status = emulate(machine, image, reader, false);
        if (status != 0)
            result.failure = fmt::format("the run ended with status {}: {}", status, last_message);
    } catch (const Failure& failure) {
        if (!has_begun)
            throw;
        result.failure = failure.what();
    }
    return result;
}

} // namespace tool
