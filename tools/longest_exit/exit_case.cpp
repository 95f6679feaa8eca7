#include "tools/longest_exit/exit_case.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

namespace tool {
namespace {

constexpr std::string_view unaware_prefix = "unaware-";
/// The boot and the first large group of page tables take most of the time of a case. So it has
/// many steps that make use of them.
constexpr std::size_t fewest_steps = 40;
constexpr std::size_t most_steps = 64;
static_assert(most_steps <= abi::max_exit_steps);

abi::ExitStep draw_step(CaseRandom& random) {
    return {random.byte(), random.byte(), random.byte(), random.byte()};
}

void fill_up(CaseRandom& random, std::vector<abi::ExitStep>& steps) {
    const std::size_t count = fewest_steps + random.below(most_steps - fewest_steps);
    while (steps.size() < count)
        steps.push_back(draw_step(random));
}

/// Mostly a larger amount: that is what makes most exits longer.
void change_step(CaseRandom& random, abi::ExitStep& step) {
    switch (random.below(6)) {
    case 0:
        step.subject = random.byte();
        return;
    case 1:
        step.variation = random.byte();
        return;
    case 2:
        step.variation = static_cast<std::uint8_t>(step.variation ^ 1U << random.below(8));
        return;
    case 3:
        step = draw_step(random);
        return;
    default:
        step.amount = static_cast<std::uint8_t>(step.amount + 1 + random.below(4));
        return;
    }
}

void change_once(CaseRandom& random, std::vector<abi::ExitStep>& steps) {
    const std::size_t at = random.below(steps.size());
    const auto place = steps.begin() + static_cast<std::ptrdiff_t>(at);
    const bool has_room = steps.size() < most_steps;
    switch (random.below(6)) {
    case 0:
        if (has_room)
            steps.insert(place, draw_step(random));
        return;
    case 1:
        if (has_room)
            steps.push_back(draw_step(random));
        return;
    case 2:
        if (has_room)
            steps.insert(place, abi::ExitStep(*place));
        return;
    case 3:
        if (steps.size() > 1)
            steps.erase(place);
        return;
    default:
        change_step(random, *place);
        return;
    }
}

} // namespace

std::string text(const std::vector<abi::ExitStep>& steps) {
    std::string digits;
    for (const abi::ExitStep& step : steps)
        digits += fmt::format("{:0{}x}", step.code(), abi::exit_step_digits);
    return digits;
}

std::string text(const ExitCase& one) {
    return std::string(one.is_unaware ? unaware_prefix : "") + text(one.steps);
}

ExitCase parse_exit_case(std::string_view text) {
    const std::string_view whole = text;
    ExitCase parsed;
    if (text.starts_with(unaware_prefix)) {
        parsed.is_unaware = true;
        text.remove_prefix(unaware_prefix.size());
    }
    if (!abi::are_exit_steps(text)) {
        throw Failure(fmt::format("\"{}\" is not a case: give what ./lazyhv longest-exit has "
                                  "printed, 1 to {} steps of {} hexadecimal digits",
                                  whole, abi::max_exit_steps, abi::exit_step_digits));
    }
    while (const auto step = abi::take_exit_step(text))
        parsed.steps.push_back(*step);
    return parsed;
}

ExitCase draw_case(CaseRandom& random) {
    ExitCase drawn;
    fill_up(random, drawn.steps);
    return drawn;
}

ExitCase change_case(CaseRandom& random, const ExitCase& one) {
    ExitCase changed = one;
    const std::uint32_t changes = 1 + random.below(3);
    for (std::uint32_t number = 0; number < changes; ++number)
        change_once(random, changed.steps);
    fill_up(random, changed.steps);
    return changed;
}

} // namespace tool
