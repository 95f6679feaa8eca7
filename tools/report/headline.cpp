#include "tools/report/headline.h"

#include "tools/report/html.h"
#include "tools/report/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tool {
namespace {

/// A figure in large letters: what `from` takes, and what lazy takes.
struct Card {
    const char* workload;
    const char* profile;
    const char* from; ///< interface
    const char* counter;
    std::string_view unit;
};
constexpr std::array cards{
    Card{"switch/full", "classic", "native", "exits_per_switch", "exits per switch"},
    Card{"switch/full", "hardened", "native", "exits_per_switch", "exits per switch"},
    Card{"pagetable/map/512", "classic", "eager", "exits_per_operation", "exits per operation"},
    Card{"pagetable/map/512", "hardened", "eager", "exits_per_operation", "exits per operation"},
};

constexpr std::array chief_operations{"pagetable/map/512",        "pagetable/map/4096",
                                      "pagetable/protect/512",    "pagetable/unmap/512",
                                      "pagetable/remap/512",      "pagetable/fork-exit/1024",
                                      "pagetable/write-invlpg/1", "pagetable/write-touch-cr3/1"};

std::vector<std::string> shown_operations(const std::vector<NamedResults>& files) {
    std::vector<std::string> chief;
    std::vector<std::string> all;
    for (const Measured& measured : measured_workloads(files, "pagetable/")) {
        if (measured.threads != 1)
            continue;
        all.push_back(measured.workload);
        if (std::find(chief_operations.begin(), chief_operations.end(), measured.workload) !=
            chief_operations.end())
            chief.push_back(measured.workload);
    }
    return chief.empty() ? all : chief;
}

/// From the last file, which is the newest where there are several.
std::string card_html(const Card& card, const std::vector<NamedResults>& files) {
    const auto figure = [&](const char* interface) {
        const Way way{.file = &files.back(),
                      .file_number = files.size() - 1,
                      .profile = card.profile,
                      .interface = interface,
                      .label = ""};
        return way.figure(card.workload, card.counter);
    };
    const std::optional<double> before = figure(card.from);
    const std::optional<double> lazy = figure("lazy");
    if (!before || !lazy)
        return "";
    const std::string_view workload = card.workload;
    return fmt::format("<div class=\"card\"><strong>{} → {}</strong><span>{}, {} on {}: {} → "
                       "lazy</span></div>\n",
                       format_figure(before), format_figure(lazy), card.unit,
                       workload.substr(workload.find('/') + 1), card.profile, card.from);
}

/// "worse" or "better" than in the first file.
std::string verdict(const Way& way, const std::vector<NamedResults>& files,
                    const std::string& workload, const std::string& counter) {
    Way first = way;
    first.file = &files.front();
    const std::optional<double> figure = way.figure(workload, counter);
    const std::optional<double> reference = first.figure(workload, counter);
    if (!figure || !reference || *figure == *reference)
        return "";
    return *figure > *reference ? "worse" : "better";
}

HtmlTable table(const std::vector<NamedResults>& files, const std::vector<std::string>& workloads,
                const std::string& counter) {
    std::vector<Way> ways = all_ways(files);
    std::erase_if(ways, [](const Way& way) { return way.profile == "bare"; });
    HtmlTable table{.head = {"workload"}, .rows = {}};
    for (const Way& way : ways)
        if (way.file_number == 0)
            table.head.push_back(fmt::format("{} {}", way.profile, way.interface));
    for (const std::string& workload : workloads) {
        for (std::size_t number = 0; number < files.size(); ++number) {
            std::string name = workload.substr(workload.find('/') + 1);
            if (files.size() > 1)
                name += ", " + files[number].label;
            std::vector<Cell> row{{name, "", ""}};
            for (const Way& way : ways) {
                if (way.file_number == number) {
                    row.push_back({format_figure(way.figure(workload, counter)),
                                   fmt::format("{} {}", way.benchmark_name(workload), counter),
                                   verdict(way, files, workload, counter)});
                }
            }
            table.rows.push_back(std::move(row));
        }
    }
    return table;
}

} // namespace

std::string headline_html(const std::vector<NamedResults>& files) {
    std::string text = "<div class=\"cards\">\n";
    for (const Card& card : cards)
        text += card_html(card, files);
    text += "</div>\n";
    if (const auto switches = shown_switches(files); !switches.empty())
        text += "<h3>VM exits per context switch</h3>\n" +
                html(table(files, switches, "exits_per_switch"));
    if (const auto operations = shown_operations(files); !operations.empty())
        text += "<h3>VM exits per page-table operation</h3>\n" +
                html(table(files, operations, "exits_per_operation"));
    return text;
}

} // namespace tool
