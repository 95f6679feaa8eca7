#include "tools/compare/comparison_text.h"

#include "tools/results/exit_summary.h"
#include "tools/results/text_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tool {
namespace {

constexpr std::size_t page_width = 120;

struct Part {
    Verdict verdict;
    std::string_view title;
};
constexpr std::array parts{
    Part{Verdict::worse, "Worse"},
    Part{Verdict::tolerated, "Worse, but tolerated"},
    Part{Verdict::better, "Better"},
    Part{Verdict::neutral, "Changed, and neither worse nor better"},
};

std::string hidden_line(std::size_t total, std::size_t limit) {
    return total <= limit ? ""
                          : fmt::format("  ... and {} more (--all prints them)\n", total - limit);
}

/// Three decimals, or all that it takes to tell the two apart.
Row row(const Change& change) {
    std::string before = format_rate(change.old_value);
    std::string now = format_rate(change.new_value);
    if (before == now) {
        before = fmt::format("{}", change.old_value);
        now = fmt::format("{}", change.new_value);
    }
    return {before, now, format_part(change), change.counter, change.benchmark};
}

std::string changes_text(const Comparison& comparison, const Part& part, std::size_t limit) {
    std::vector<Row> rows;
    for (const Change& change : comparison.changes)
        if (change.verdict == part.verdict && rows.size() < limit)
            rows.push_back(row(change));
    if (rows.empty())
        return "";
    using enum Column::Side;
    return fmt::format("{}\n\n{}{}\n", part.title,
                       format_columns({{"old", right},
                                       {"new", right},
                                       {"change", right},
                                       {"counter", left},
                                       {"benchmark", left}},
                                      rows, page_width),
                       hidden_line(comparison.count(part.verdict), limit));
}

std::string names_text(std::string_view title, const std::vector<std::string>& names,
                       std::size_t limit) {
    if (names.empty())
        return "";
    std::string text = fmt::format("{}\n\n", title);
    for (std::size_t index = 0; index < std::min(names.size(), limit); ++index)
        text += fmt::format("  {}\n", names[index]);
    return text + hidden_line(names.size(), limit) + '\n';
}

std::string warnings_text(const Comparison& comparison) {
    std::string text;
    for (const std::string& warning : comparison.warnings)
        text += fmt::format("warning: measured under different conditions: {}\n", warning);
    return text.empty() ? "" : text + '\n';
}

std::string summary_line(const Comparison& comparison) {
    std::string text =
        fmt::format("counters: {} worse, {} tolerated, {} better, {} otherwise changed, {} equal",
                    comparison.count(Verdict::worse), comparison.count(Verdict::tolerated),
                    comparison.count(Verdict::better), comparison.count(Verdict::neutral),
                    comparison.equal_counters);
    if (!comparison.only_old.empty() || !comparison.only_new.empty())
        text += fmt::format("; benchmarks: {} missing, {} new", comparison.only_old.size(),
                            comparison.only_new.size());
    return text + '\n';
}

} // namespace

std::string format_part(const Change& change) {
    if (std::isinf(change.part()))
        return "from 0";
    constexpr double percent = 100;
    return fmt::format("{:+.1f}%", change.part() * percent);
}

std::string comparison_text(const Comparison& comparison, const ComparisonLimits& limits) {
    std::string text = warnings_text(comparison);
    for (const Part& part : parts)
        text += changes_text(comparison, part,
                             part.verdict == Verdict::worse ? limits.worse : limits.others);
    text += names_text("Benchmarks that are missing in the new file", comparison.only_old,
                       limits.others);
    text += names_text("Benchmarks that only the new file has", comparison.only_new, limits.others);
    text += names_text("Counters that are missing in the new file", comparison.counters_only_old,
                       limits.others);
    text += names_text("Counters that only the new file has", comparison.counters_only_new,
                       limits.others);
    return text + summary_line(comparison);
}

} // namespace tool
