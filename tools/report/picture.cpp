#include "tools/report/picture.h"

#include "tools/report/html.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tool {
namespace {

HtmlTable table(const Picture& picture) {
    HtmlTable table{.head = {picture.row_title}, .rows = {}};
    for (const Series& series : picture.series)
        table.head.push_back(series.name);
    for (std::size_t row = 0; row < picture.rows.size(); ++row) {
        std::vector<Cell> cells{{picture.rows[row], "", ""}};
        for (const Series& series : picture.series)
            cells.push_back({format_figure(series.figures[row]), "", ""});
        table.rows.push_back(std::move(cells));
    }
    return table;
}

nlohmann::ordered_json json(const Series& series) {
    nlohmann::ordered_json figures = nlohmann::ordered_json::array();
    for (const std::optional<double>& figure : series.figures)
        figures.push_back(figure ? nlohmann::ordered_json(*figure) : nullptr);
    return {{"name", series.name},
            {"profile", series.profile},
            {"interface", series.interface},
            {"file", series.file_number},
            {"figures", std::move(figures)}};
}

} // namespace

std::string html(const Picture& picture, const std::string& id) {
    return fmt::format(R"(<figure>
<figcaption>{0}<small>{1}</small></figcaption>
<div class="canvas"><canvas id="{2}" role="img" aria-label="{0}: {1}; the table has the figures"></canvas></div>
<details><summary>Table</summary>
{3}</details>
</figure>
)",
                       escape_html(picture.title), escape_html(picture.value_title), id,
                       html(table(picture)));
}

nlohmann::ordered_json json(const Picture& picture, const std::string& id) {
    nlohmann::ordered_json series = nlohmann::ordered_json::array();
    for (const Series& one : picture.series)
        series.push_back(json(one));
    return {{"id", id},
            {"kind", picture.kind == Picture::Kind::bars ? "bars" : "lines"},
            {"rowTitle", picture.row_title},
            {"valueTitle", picture.value_title},
            {"rows", picture.rows},
            {"series", std::move(series)}};
}

} // namespace tool
