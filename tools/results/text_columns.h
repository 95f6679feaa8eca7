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

/// Titles, then rows, each line indented by two blanks and none ending in blanks. The last column,
/// when it is on the left side, is broken at blanks so that lines stay within `width` where words
/// allow it. Every row has as many cells as there are columns.
std::string format_columns(const std::vector<Column>& columns, const std::vector<Row>& rows,
                           std::size_t width);

} // namespace tool
