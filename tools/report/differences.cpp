#include "tools/report/differences.h"

#include "tools/compare/comparison.h"
#include "tools/compare/comparison_text.h"
#include "tools/report/html.h"

#include <fmt/format.h>

#include <array>

namespace tool {
namespace {

constexpr std::size_t shown_changes = 40;

/// The class of a cell: worse and better have colours.
std::string name(Verdict verdict) {
    if (verdict == Verdict::better)
        return "better";
    return verdict == Verdict::neutral ? "" : "worse";
}

HtmlTable table(const Comparison& comparison, const NamedResults& before, const NamedResults& now) {
    HtmlTable table{.head = {"change", before.label, now.label, "counter", "benchmark"},
                    .rows = {}};
    for (const Change& change : comparison.changes) {
        if (table.rows.size() == shown_changes)
            break;
        table.rows.push_back({{format_part(change), "", name(change.verdict)},
                              {format_figure(change.old_value), "", ""},
                              {format_figure(change.new_value), "", ""},
                              {change.counter, "", ""},
                              {change.benchmark, "", ""}});
    }
    return table;
}

std::string list_html(std::string_view title, const std::vector<std::string>& names) {
    if (names.empty())
        return "";
    std::string text = fmt::format("<p>{}:</p>\n<ul>\n", title);
    for (const std::string& one : names)
        text += fmt::format("<li>{}</li>\n", escape_html(one));
    return text + "</ul>\n";
}

std::string difference_html(const NamedResults& before, const NamedResults& now) {
    const Comparison comparison = compare_results(before.results, now.results, {});
    std::string text = fmt::format(
        "<h3>{} and {}</h3>\n<p>{} counters are worse, {} better, {} changed otherwise, {} "
        "equal.</p>\n",
        escape_html(before.label), escape_html(now.label), comparison.count(Verdict::worse),
        comparison.count(Verdict::better), comparison.count(Verdict::neutral),
        comparison.equal_counters);
    text += list_html("Measured under different conditions", comparison.warnings);
    if (!comparison.changes.empty())
        text += html(table(comparison, before, now));
    if (comparison.changes.size() > shown_changes) {
        text += fmt::format("<p>These are the first {}; <code>./lazyhv compare --all</code> prints "
                            "every change.</p>\n",
                            shown_changes);
    }
    text += list_html("Benchmarks that are missing in the second file", comparison.only_old);
    text += list_html("Benchmarks that only the second file has", comparison.only_new);
    return text;
}

} // namespace

std::string differences_html(const std::vector<NamedResults>& files) {
    std::string text;
    for (std::size_t number = 1; number < files.size(); ++number)
        text += difference_html(files.front(), files[number]);
    return text;
}

std::string conditions_html(const std::vector<NamedResults>& files) {
    constexpr std::array keys{"date",
                              "commit",
                              "machine",
                              "cpu_model",
                              "cpus",
                              "memory_mebibytes",
                              "shadow_memory_kibibytes",
                              "emulator",
                              "switches",
                              "host_name"};
    HtmlTable table{.head = {"condition"}, .rows = {}};
    for (const NamedResults& file : files)
        table.head.push_back(file.label);
    for (const std::string key : keys) {
        std::vector<Cell> row{{key, "", ""}};
        bool is_given = false;
        for (const NamedResults& file : files) {
            const auto found = file.results.context.find(key);
            const bool has_key = found != file.results.context.end();
            row.push_back({has_key ? found->second : "–", "", ""});
            is_given = is_given || has_key;
        }
        if (is_given)
            table.rows.push_back(std::move(row));
    }
    return html(table);
}

} // namespace tool
