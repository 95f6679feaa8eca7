#include "tools/report/page.h"

#include "tools/host/build_folder.h"
#include "tools/host/failure.h"
#include "tools/report/differences.h"
#include "tools/report/headline.h"
#include "tools/report/html.h"
#include "tools/report/pictures.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tool {
namespace {

constexpr std::string_view chart_library_path = "/usr/share/javascript/chart.js/chart.min.js";

/// A part of the page with a heading of its own.
struct Section {
    std::string id;
    std::string title;
    std::string introduction; ///< HTML
    std::vector<Picture> pictures;
};

/// "Instructions in guest and monitor".
std::string time_title(std::string tick_name) {
    tick_name.front() = static_cast<char>(std::toupper(tick_name.front()));
    return tick_name + " in guest and monitor";
}

/// The page's sections in order. One without content is left out.
std::vector<Section> sections(const std::vector<NamedResults>& files) {
    return {
        {"headline", "Exits", headline_html(files), {}},
        {"differences", "Differences", differences_html(files), {}},
        {"reasons", "What the exits were", "", exit_pictures(files)},
        {"time", time_title(common_tick_name(files)), "", time_pictures(files)},
        {"sizes", "Page-table operations by size", "", size_pictures(files)},
        {"processors", "Several processors", "", processor_pictures(files)},
        {"conditions", "How it was measured", conditions_html(files), {}},
    };
}

/// Text that may stand between <script> and </script>.
std::string script_safe(const nlohmann::ordered_json& data) {
    std::string safe;
    for (const char letter : data.dump())
        safe += letter == '<' ? "\\u003c" : std::string(1, letter);
    return safe;
}

std::string read_part(const std::filesystem::path& path, std::string_view what_to_do) {
    std::ifstream stream(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream || text.empty())
        throw Failure(fmt::format("cannot read {}: {}", path.string(), what_to_do));
    return text;
}

std::string file_names(const std::vector<NamedResults>& files) {
    std::string names;
    for (const NamedResults& file : files)
        names += (names.empty() ? "" : ", ") + file.label;
    return names;
}

} // namespace

PageParts read_page_parts() {
    const std::filesystem::path folder = source_folder() / "tools/report";
    constexpr std::string_view sources = "the report is made of files in the sources; restore it";
    return {.frame = read_part(folder / "page.html", sources),
            .style = read_part(folder / "style.css", sources),
            .script = read_part(folder / "charts.js", sources),
            .chart_library =
                read_part(chart_library_path, "apt-get install libjs-chart.js, or start this "
                                              "program through ./lazyhv, which installs it")};
}

std::string report_page(const std::vector<NamedResults>& files, const PageParts& parts) {
    std::string content;
    std::string navigation;
    auto pictures = nlohmann::ordered_json::array();
    for (const Section& section : sections(files)) {
        if (section.introduction.empty() && section.pictures.empty())
            continue;
        navigation += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, section.title);
        content += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}", section.id, section.title,
                               section.introduction);
        content += "<div class=\"pictures\">\n";
        for (std::size_t number = 0; number < section.pictures.size(); ++number) {
            const std::string id = fmt::format("{}-{}", section.id, number);
            content += html(section.pictures[number], id);
            pictures.push_back(json(section.pictures[number], id));
        }
        content += "</div>\n</section>\n";
    }
    return fill_in(parts.frame, [&](std::string_view name) -> std::string {
        if (name == "style")
            return parts.style;
        if (name == "chart library")
            return parts.chart_library;
        if (name == "script")
            return parts.script;
        if (name == "files")
            return escape_html(file_names(files));
        if (name == "navigation")
            return navigation;
        if (name == "content")
            return content;
        if (name == "data")
            return script_safe({{"pictures", pictures}});
        throw Failure(fmt::format("page.html asks for {{{{{}}}}}, which there is not", name));
    });
}

} // namespace tool
