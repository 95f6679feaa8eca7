#pragma once
// Text in columns.

#include <cstddef>
#include <string>
#include <vector>

namespace tool {

struct Column {
    enum class Side { left, right };
    std::string title; ///< may have several lines
    Side side;
};
using Row = std::vector<std::string>;

/// Prints titles, then rows. Each line is indented by two blanks; none ends in blanks. If the last
/// column is left-aligned, its text is wrapped at blanks so that lines stay within `width` as far
/// as the words allow. Every row must have as many cells as there are columns.
std::string format_columns(const std::vector<Column>& columns, const std::vector<Row>& rows,
                           std::size_t width);

} // namespace tool
