#include "tools/compare/comparison.h"

#include "tools/compare/context_difference.h"
#include "tools/compare/counter_meaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

namespace tool {
namespace {

class Comparer {
  public:
    Comparer(const std::vector<Tolerance>& tolerances, bool compares_times)
        : tolerances_(tolerances), compares_times_(compares_times) {}

    void add(const StoredBenchmark& old_one, const StoredBenchmark& new_one) {
        std::set<std::string> names;
        for (const StoredBenchmark* const benchmark : {&old_one, &new_one})
            for (const auto& [name, value] : benchmark->counters)
                names.insert(name);
        for (const std::string& name : names)
            if (meaning(name) != Meaning::copy && (compares_times_ || !is_time(name)))
                add_counter(old_one, new_one, name);
    }

    Comparison comparison;

  private:
    void add_counter(const StoredBenchmark& old_one, const StoredBenchmark& new_one,
                     const std::string& name) {
        if (!is_left_out_at_zero(name)) {
            const std::string text = fmt::format("{} of {}", name, old_one.name);
            if (!new_one.counters.contains(name))
                return comparison.counters_only_old.push_back(text);
            if (!old_one.counters.contains(name))
                return comparison.counters_only_new.push_back(text);
        }
        Change change{.benchmark = old_one.name,
                      .counter = name,
                      .old_value = old_one.counter(name),
                      .new_value = new_one.counter(name),
                      .verdict = Verdict::neutral};
        if (change.old_value == change.new_value) {
            ++comparison.equal_counters;
            return;
        }
        change.verdict = judge(change);
        comparison.changes.push_back(std::move(change));
    }

    [[nodiscard]] Verdict judge(const Change& change) const {
        if (meaning(change.counter) == Meaning::neutral)
            return Verdict::neutral;
        if (change.new_value < change.old_value)
            return Verdict::better;
        // Written so that 2% of 100 are 2, and so that "any" of 0 is any.
        const double part = tolerated_part(tolerances_, change.counter);
        const bool is_tolerated = std::isinf(part) || change.new_value - change.old_value <=
                                                          part * std::abs(change.old_value);
        return is_tolerated ? Verdict::tolerated : Verdict::worse;
    }

    const std::vector<Tolerance>& tolerances_;
    bool compares_times_;
};

bool comes_first(const Change& left, const Change& right) {
    const auto key = [](const Change& change) {
        return std::tuple(change.verdict, -std::abs(change.part()),
                          -std::abs(change.new_value - change.old_value));
    };
    return key(left) < key(right);
}

} // namespace

double Change::part() const {
    if (old_value == 0)
        return std::numeric_limits<double>::infinity();
    return (new_value - old_value) / std::abs(old_value);
}

std::size_t Comparison::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(changes.begin(), changes.end(),
                      [verdict](const Change& change) { return change.verdict == verdict; }));
}

Comparison compare_results(const StoredResults& old_results, const StoredResults& new_results,
                           const std::vector<Tolerance>& tolerances) {
    Comparer comparer(tolerances, old_results.tick_name() == new_results.tick_name());
    for (const StoredBenchmark& old_one : old_results.benchmarks) {
        if (const StoredBenchmark* const new_one = new_results.find(old_one.name))
            comparer.add(old_one, *new_one);
        else
            comparer.comparison.only_old.push_back(old_one.name);
    }
    for (const StoredBenchmark& new_one : new_results.benchmarks)
        if (old_results.find(new_one.name) == nullptr)
            comparer.comparison.only_new.push_back(new_one.name);
    std::stable_sort(comparer.comparison.changes.begin(), comparer.comparison.changes.end(),
                     comes_first);
    comparer.comparison.warnings = context_differences(old_results, new_results);
    return std::move(comparer.comparison);
}

} // namespace tool
