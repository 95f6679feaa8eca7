#include "tools/machine/last_lines.h"

#include <fstream>
#include <iterator>

namespace tool {

std::string last_lines(std::string_view text, std::size_t count) {
    std::string last;
    while (count != 0 && !text.empty()) {
        const std::size_t feed = text.rfind('\n');
        const std::string_view line = feed == std::string_view::npos ? text : text.substr(feed + 1);
        if (!line.empty() && line != "\r") {
            if (!last.empty())
                last.insert(0, 1, '\n');
            last.insert(0, line);
            --count;
        }
        text = feed == std::string_view::npos ? std::string_view() : text.substr(0, feed);
    }
    return last;
}

std::string read_log(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

} // namespace tool
