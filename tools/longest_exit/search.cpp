#include "tools/longest_exit/search.h"

#include <algorithm>
#include <iterator>

namespace tool {
namespace {

bool is_shorter(const std::pair<const std::string, ExitRecord>& one,
                const std::pair<const std::string, ExitRecord>& other) {
    return one.second.step.instructions < other.second.step.instructions;
}

/// Whether a case replaces the one that is known: it takes longer, or as long with fewer steps.
bool is_better(const ExitRecord& one, const ExitRecord& known) {
    constexpr std::uint64_t per_mille = 1000;
    if (one.step.instructions > known.step.instructions)
        return true;
    return one.one.steps.size() < known.one.steps.size() &&
           one.step.instructions * per_mille >= known.step.instructions * (per_mille - 1);
}

} // namespace

const ExitRecord* ExitSearch::longest() const {
    const auto found = std::max_element(records_.begin(), records_.end(), is_shorter);
    return found != records_.end() ? &found->second : nullptr;
}

ExitCase ExitSearch::next() {
    // A quarter of the cases is new, so that the search does not stay with what it found first.
    const std::uint32_t choice = random_.below(4);
    if (choice == 0 || records_.empty()) {
        ExitCase drawn = draw_case(random_);
        drawn.is_unaware = random_.below(100) < unaware_percent_;
        return drawn;
    }
    if (choice == 1)
        return change_case(random_, longest()->one);
    const auto one = std::next(records_.begin(), random_.below(records_.size()));
    const auto other = std::next(records_.begin(), random_.below(records_.size()));
    return change_case(random_, (is_shorter(*one, *other) ? other : one)->second.one);
}

bool ExitSearch::take(const ExitCase& one, const CaseResult& result) {
    const std::uint64_t before = longest() != nullptr ? longest()->step.instructions : 0;
    for (std::size_t index = 0; index < std::min(result.steps.size(), one.steps.size()); ++index) {
        const StepResult& step = result.steps[index];
        if (step.instructions == 0)
            continue;
        ExitRecord record{.one = one, .step = step};
        record.one.steps.resize(index + 1);
        const std::string kind = step.kind + (one.is_unaware ? " (unaware)" : "");
        const auto [known, is_new] = records_.try_emplace(kind, record);
        if (!is_new && is_better(record, known->second))
            known->second = std::move(record);
    }
    ++cases_;
    steps_ += result.steps.size();
    return longest() != nullptr && longest()->step.instructions > before;
}

} // namespace tool
