#include "tools/commands/fuzz_status.h"

#include <charconv>

namespace tool {
namespace {

/// The number right behind `word`; `otherwise` when it is not there.
std::uint64_t number_behind(std::string_view line, std::string_view word, std::uint64_t otherwise) {
    const std::size_t found = line.find(word);
    if (found == std::string_view::npos)
        return otherwise;
    const std::string_view rest = line.substr(found + word.size());
    std::uint64_t number = otherwise;
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    return number;
}

} // namespace

void note_line(std::string_view line, FuzzStatus& status) {
    if (line.starts_with("#") && line.find("cov: ") != std::string_view::npos) {
        status.executions = number_behind(line, "#", status.executions);
        status.coverage = number_behind(line, "cov: ", status.coverage);
        return;
    }
    if (line.starts_with("INFO:") || line.starts_with("\tNEW_FUNC"))
        return;
    constexpr std::string_view written = "Test unit written to ";
    if (const std::size_t found = line.find(written); found != std::string_view::npos)
        status.artifact = line.substr(found + written.size());
    status.report.append(line).push_back('\n');
}

} // namespace tool
