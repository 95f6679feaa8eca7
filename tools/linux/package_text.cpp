#include "tools/linux/package_text.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <sstream>

namespace tool {

std::optional<std::string> first_dependency(std::string_view text) {
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;)
        if (word == "Depends:" && words >> word)
            return word;
    return std::nullopt;
}

std::vector<std::filesystem::path> library_files(std::string_view text) {
    // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", "/lib64/ld-linux... (0x...)"
    std::vector<std::filesystem::path> files;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("not found") != std::string::npos)
            throw Failure(fmt::format("a shared library is missing: {}", line));
        const std::size_t begin = line.find('/');
        if (begin != std::string::npos)
            files.emplace_back(line.substr(begin, line.find(' ', begin) - begin));
    }
    return files;
}

} // namespace tool
