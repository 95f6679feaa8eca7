#pragma once
// The HTML page about results.

#include "tools/report/measured.h"

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The files that the page is made of, as text.
struct PageParts {
    std::string frame;         ///< page.html: has {{NAME}} where something is inserted
    std::string style;         ///< style.css
    std::string script;        ///< charts.js
    std::string chart_library; ///< Chart.js
};

/// Reads the parts from the folder tools/report/ of the sources, and Chart.js from where Debian's
/// package puts it. Throws Failure if one is missing.
PageParts read_page_parts();

/// One page that contains everything it needs.
std::string report_page(const std::vector<NamedResults>& files, const PageParts& parts);

/// `frame` with each {{NAME}} replaced by what `insert` returns for NAME. What was inserted is not
/// searched again.
template <typename Insert>
std::string fill_in(std::string_view frame, const Insert& insert) {
    std::string text;
    for (;;) {
        const std::size_t begin = frame.find("{{");
        const std::size_t end = frame.find("}}", begin);
        if (begin == std::string_view::npos || end == std::string_view::npos)
            return text.append(frame);
        text.append(frame.substr(0, begin));
        text.append(insert(frame.substr(begin + 2, end - begin - 2)));
        frame.remove_prefix(end + 2);
    }
}

} // namespace tool
