#include "tools/results/text_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace tool {
namespace {

constexpr std::size_t gap = 2;

using Lines = std::vector<std::string>;

Lines split_lines(std::string_view text) {
    Lines lines;
    for (;;) {
        const std::size_t feed = text.find('\n');
        lines.emplace_back(text.substr(0, feed));
        if (feed == std::string_view::npos)
            return lines;
        text.remove_prefix(feed + 1);
    }
}

/// Breaks lines after "," ";" or ":", and at other blanks only if a line has none of these. A word
/// longer than `width` gets a line of its own.
Lines wrap(std::string_view text, std::size_t width) {
    Lines lines;
    while (text.size() > width) {
        std::size_t blank = text.rfind(' ', width);
        for (std::size_t at = blank; at != std::string_view::npos && at != 0;
             at = text.rfind(' ', at - 1)) {
            if (std::string_view(",;:").find(text[at - 1]) != std::string_view::npos) {
                blank = at;
                break;
            }
        }
        if (blank == std::string_view::npos || blank == 0)
            blank = text.find(' ', width);
        if (blank == std::string_view::npos)
            break;
        lines.emplace_back(text.substr(0, blank));
        text.remove_prefix(blank + 1);
    }
    lines.emplace_back(text);
    return lines;
}

std::string format_line(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                        const std::vector<Lines>& cells, std::size_t line_number) {
    std::string line;
    for (std::size_t index = 0; index < columns.size(); ++index) {
        const std::string_view cell =
            line_number < cells[index].size() ? std::string_view(cells[index][line_number]) : "";
        line += std::string(gap, ' ');
        line += columns[index].side == Column::Side::left
                    ? fmt::format("{:<{}}", cell, widths[index])
                    : fmt::format("{:>{}}", cell, widths[index]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::string format_cells(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                         const std::vector<Lines>& cells) {
    std::size_t height = 0;
    for (const Lines& cell : cells)
        height = std::max(height, cell.size());
    std::string text;
    for (std::size_t line_number = 0; line_number < height; ++line_number)
        text += format_line(columns, widths, cells, line_number);
    return text;
}

} // namespace

std::string format_columns(const std::vector<Column>& columns, const std::vector<Row>& rows,
                           std::size_t width) {
    std::vector<std::size_t> widths(columns.size(), 0);
    std::vector<Lines> titles;
    for (std::size_t index = 0; index < columns.size(); ++index) {
        titles.push_back(split_lines(columns[index].title));
        for (const std::string& line : titles.back())
            widths[index] = std::max(widths[index], line.size());
        for (const Row& row : rows)
            widths[index] = std::max(widths[index], row[index].size());
    }
    const bool may_wrap = columns.back().side == Column::Side::left;
    std::size_t used = gap;
    for (std::size_t index = 0; index + 1 < columns.size(); ++index)
        used += gap + widths[index];
    const std::size_t rest = std::max(width > used ? width - used : 0, columns.back().title.size());
    if (may_wrap)
        widths.back() = std::min(widths.back(), rest);

    std::string text = format_cells(columns, widths, titles);
    for (const Row& row : rows) {
        std::vector<Lines> cells;
        for (std::size_t index = 0; index < columns.size(); ++index)
            cells.push_back(may_wrap && index + 1 == columns.size() ? wrap(row[index], rest)
                                                                    : Lines{row[index]});
        text += format_cells(columns, widths, cells);
    }
    return text;
}

} // namespace tool
