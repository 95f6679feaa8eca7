#include "tools/report/html.h"

#include "tools/results/exit_summary.h"

#include <fmt/format.h>

namespace tool {
namespace {

std::string html(const Cell& cell, bool is_name) {
    std::string attributes;
    if (!cell.name.empty())
        attributes += fmt::format(" data-name=\"{}\"", escape_html(cell.name));
    if (!cell.verdict.empty())
        attributes += fmt::format(" class=\"{}\"", escape_html(cell.verdict));
    return is_name ? fmt::format("<th scope=\"row\"{}>{}</th>", attributes, escape_html(cell.text))
                   : fmt::format("<td{}>{}</td>", attributes, escape_html(cell.text));
}

} // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char letter : text) {
        switch (letter) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += letter;
        }
    }
    return escaped;
}

std::string html(const HtmlTable& table) {
    std::string text = "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>";
    for (const std::string& title : table.head)
        text += fmt::format("<th scope=\"col\">{}</th>", escape_html(title));
    text += "</tr></thead>\n<tbody>\n";
    for (const std::vector<Cell>& row : table.rows) {
        text += "<tr>";
        for (const Cell& cell : row)
            text += html(cell, &cell == &row.front());
        text += "</tr>\n";
    }
    return text + "</tbody></table></div>\n";
}

std::string format_figure(const std::optional<double>& figure) {
    return figure ? format_rate(*figure) : "–";
}

} // namespace tool
