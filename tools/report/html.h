#pragma once
// Pieces of HTML.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// Text with the characters that HTML gives a meaning escaped; for attributes too.
std::string escape_html(std::string_view text);

struct Cell {
    std::string text;
    std::string name;    ///< "BENCHMARK COUNTER" of the figure in it; becomes data-name
    std::string verdict; ///< "worse" or "better" than in the first file; becomes the class
};

struct HtmlTable {
    std::vector<std::string> head; ///< titles of the columns, that of the rows' names first
    std::vector<std::vector<Cell>> rows;
};

/// A table that scrolls by itself if it is wider than the page.
std::string html(const HtmlTable& table);

/// A figure as it is shown; a dash if there is none.
std::string format_figure(const std::optional<double>& figure);

} // namespace tool
