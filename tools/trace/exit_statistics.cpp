#include "tools/trace/exit_statistics.h"

#include "tools/results/text_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tool {
namespace {

using Groups = std::map<std::string, ExitGroup>;

constexpr std::size_t width = 120;
/// Of tasks and functions only so many are shown.
constexpr std::size_t shown_rows = 25;

double percent(double part, double whole) { return whole == 0 ? 0 : 100 * part / whole; }

std::string table(std::string_view title, const Groups& groups, const ExitGroup& all) {
    std::vector<std::pair<std::string, ExitGroup>> sorted(groups.begin(), groups.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
        return left.second.samples > right.second.samples;
    });
    const std::size_t left_out = sorted.size() - std::min(sorted.size(), shown_rows);
    sorted.resize(sorted.size() - left_out);
    std::vector<Column> columns{{std::string(title), Column::Side::left}};
    for (const char* name : {"Samples", "Samples%", "Time%", "Min", "Max", "Avg time"})
        columns.push_back({name, Column::Side::right});
    std::vector<Row> rows;
    for (const auto& [name, group] : sorted) {
        rows.push_back({name, fmt::format("{}", group.samples),
                        fmt::format("{:.2f}%", percent(static_cast<double>(group.samples),
                                                       static_cast<double>(all.samples))),
                        fmt::format("{:.2f}%", percent(static_cast<double>(group.ticks),
                                                       static_cast<double>(all.ticks))),
                        fmt::format("{}", group.least), fmt::format("{}", group.most),
                        fmt::format("{:.2f} ( +- {:6.2f}% )", group.average(), group.deviation())});
    }
    std::string text = format_columns(columns, rows, width);
    if (left_out != 0)
        text += fmt::format("  and {} more\n", left_out);
    return text + '\n';
}

} // namespace

void ExitGroup::add(std::uint64_t taken) {
    ++samples;
    ticks += taken;
    least = std::min(least, taken);
    most = std::max(most, taken);
    sum_of_squares += static_cast<double>(taken) * static_cast<double>(taken);
}

double ExitGroup::average() const {
    return samples == 0 ? 0 : static_cast<double>(ticks) / static_cast<double>(samples);
}

double ExitGroup::deviation() const {
    if (samples < 2 || ticks == 0)
        return 0;
    const auto count = static_cast<double>(samples);
    const double variance =
        std::max(0.0, (sum_of_squares - count * average() * average()) / (count - 1));
    return percent(std::sqrt(variance / count), average());
}

void ExitStatistics::add(const ExitRecord& exit, const std::string& function) {
    const std::string reason(exit.reason());
    const std::string sub_reason = exit.sub_reason();
    const std::uint64_t ticks = exit.ticks();
    all_.add(ticks);
    reasons_[reason].add(ticks);
    if (!sub_reason.empty())
        sub_reasons_[reason + ' ' + sub_reason].add(ticks);
    for (const std::uint8_t call : exit.calls)
        ++drained_[call_name(call)];
    tasks_[fmt::format("CR3 {:#x}", exit.record.cr3)].add(ticks);
    functions_[function].add(ticks);
    own_time_[exit.record.vcpu] = exit.record.own_time;
}

std::string ExitStatistics::text(std::string_view tick_name) const {
    std::string text = table("VM-EXIT", reasons_, all_);
    if (!sub_reasons_.empty())
        text += table("what it was", sub_reasons_, all_);
    if (!drained_.empty()) {
        std::vector<Row> rows;
        for (const auto& [call, number] : drained_)
            rows.push_back({call, fmt::format("{}", number)});
        text +=
            format_columns({{"drained call", Column::Side::left}, {"Entries", Column::Side::right}},
                           rows, width) +
            '\n';
    }
    text += table("guest task", tasks_, all_) + table("in the guest's function", functions_, all_);
    std::uint64_t own = 0;
    for (const auto& [vcpu, time] : own_time_)
        own += time;
    return text + fmt::format("Total samples: {}, total in the monitor: {} {}; tracing itself took "
                              "{} more, {:.0f} an exit.\n",
                              all_.samples, all_.ticks, tick_name, own,
                              all_.samples == 0
                                  ? 0.0
                                  : static_cast<double>(own) / static_cast<double>(all_.samples));
}

} // namespace tool
