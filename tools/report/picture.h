#pragma once
// Pictures of the report, and the tables with their figures. The page's script draws them.

#include "tools/report/measured.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tool {

/// Figures of one colour, one for each row of the picture's table; nullopt where nothing was
/// measured.
struct Series {
    std::string name;
    std::vector<std::optional<double>> figures;
    /// For lines, which differ by colour, marker and dashes; empty for bars.
    std::string profile{};
    std::string interface {};
    std::size_t file_number = 0;
};

struct Picture {
    enum class Kind {
        bars,  ///< a bar for each row, with the series one on another
        lines, ///< a line for each series, with the rows from left to right
    };
    Kind kind;
    std::string title;
    std::string row_title;   ///< what the rows are: "entries"
    std::string value_title; ///< what the figures are: "exits per switch"
    std::vector<std::string> rows;
    std::vector<Series> series;
};

/// The picture's place on the page, and its table. `id` is that of the HTML element.
std::string html(const Picture& picture, const std::string& id);

/// What the script needs to draw it.
nlohmann::ordered_json json(const Picture& picture, const std::string& id);

/// A line for each way that has a figure; `rows` are the points from left to right, and `figure` is
/// called with a way and the number of a row.
template <typename Figure>
std::vector<Series> lines(const std::vector<Way>& ways, std::size_t rows, const Figure& figure) {
    std::vector<Series> series;
    for (const Way& way : ways) {
        Series line{.name = way.label,
                    .figures = {},
                    .profile = way.profile,
                    .interface = way.interface,
                    .file_number = way.file_number};
        bool has_figure = false;
        for (std::size_t row = 0; row < rows; ++row) {
            line.figures.push_back(figure(way, row));
            has_figure = has_figure || line.figures.back();
        }
        if (has_figure)
            series.push_back(std::move(line));
    }
    return series;
}

} // namespace tool
